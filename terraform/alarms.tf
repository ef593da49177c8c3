# Alarms. Each says what to look at; quiet is good, so missing figures never alarm.

locals {
  alarmed_functions        = { for name, function in local.functions : name => function if var.alarms }
  alarmed_stream_functions = { for name, function in local.stream_functions : name => function if var.alarms }
  alarmed_queues           = { for name, queue in local.consumed_queues : name => queue if var.alarms }

  # Every queue where a message means that something was given up.
  last_resort_queues = merge(
    { for name, _ in local.consumed_queues : "${name}-dlq" => "${local.prefix}${name}-dlq" },
    { for name, _ in local.failure_queues : name => "${local.prefix}${name}" },
  )

  # What functions raise themselves: what must never happen and did.
  raised_alarms = { for name, alarm in local.alarms : name => alarm.doc }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = local.alarmed_functions

  alarm_name          = "${local.prefix}${each.key}-errors"
  alarm_description   = "Invocations of ${each.key} failed. Its log group has the cause, once for each."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = "${local.prefix}${each.key}" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  for_each = local.alarmed_functions

  alarm_name          = "${local.prefix}${each.key}-throttles"
  alarm_description   = "Lambda refused invocations of ${each.key}: the account's concurrency is used up."
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = "${local.prefix}${each.key}" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "duration" {
  for_each = local.alarmed_functions

  alarm_name          = "${local.prefix}${each.key}-duration"
  alarm_description   = "One in a hundred invocations of ${each.key} takes more than four fifths of its timeout."
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  dimensions          = { FunctionName = "${local.prefix}${each.key}" }
  extended_statistic  = "p99"
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.timeout_seconds * 800
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "iterator_age" {
  for_each = local.alarmed_stream_functions

  alarm_name          = "${local.prefix}${each.key}-iterator-age"
  alarm_description   = "Events of the table ${each.value.trigger.table} are a quarter of an hour late: ${each.key} fails or cannot keep up."
  namespace           = "AWS/Lambda"
  metric_name         = "IteratorAge"
  dimensions          = { FunctionName = "${local.prefix}${each.key}" }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 15 * 60 * 1000
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "last_resort" {
  for_each = { for name, queue in local.last_resort_queues : name => queue if var.alarms }

  alarm_name          = "${local.prefix}${each.key}"
  alarm_description   = "A message was given up. Find its cause in the consumer's log, then `koban redrive` it, or `koban republish` a table."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.value }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "backlog" {
  for_each = local.alarmed_queues

  alarm_name          = "${local.prefix}${each.key}-backlog"
  alarm_description   = "A message of ${each.key} has waited for an hour: ${each.value.consumer} fails or cannot keep up."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = "${local.prefix}${each.key}" }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 60 * 60
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "raised" {
  for_each = { for name, meaning in local.raised_alarms : name => meaning if var.alarms }

  alarm_name          = "${local.prefix}${each.key}"
  alarm_description   = each.value
  namespace           = "Koban"
  metric_name         = "alarm"
  dimensions          = { environment = trimsuffix(local.prefix, "-"), alarm_name = each.key }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "api_errors" {
  count = var.alarms ? 1 : 0

  alarm_name          = "${local.prefix}api-errors"
  alarm_description   = "The API answered with 5xx. Its access log names the routes, the functions' logs the causes."
  namespace           = "AWS/ApiGateway"
  metric_name         = "5xx"
  dimensions          = { ApiId = aws_apigatewayv2_api.this.id }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}
