# Logs, alarms and the dashboard: everything that fails is seen, by the name of what failed.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

# What the API's alarm and the dashboard's widgets name; AWS gives it when the API is made.
override_resource {
  target          = aws_apigatewayv2_api.this
  override_during = plan
  values = {
    id            = "api123"
    execution_arn = "arn:aws:execute-api:ap-northeast-1:123456789012:api123"
  }
}

variables {
  environment = "alpha"
  issuer      = "https://issuer.example.com"
  audience    = "koban"
  # Every function of the wiring, as if it had been packaged.
  manifest = {
    architecture = "arm64"
    functions = { for name, _ in jsondecode(file("wiring.json")).functions : name => {
      zip    = "${name}.zip"
      sha256 = base64sha256(name)
    } }
  }
}

run "every_function_has_a_log_group_that_forgets" {
  command = plan

  assert {
    condition = (
      toset([for group in aws_cloudwatch_log_group.function : group.name]) == toset([for name, _ in local.wiring.functions : "/aws/lambda/koban-alpha-${name}"])
      && alltrue([for group in concat(values(aws_cloudwatch_log_group.function), [aws_cloudwatch_log_group.api]) : group.retention_in_days > 0])
    )
    error_message = "A function has no log group, or one that is kept for ever."
  }
}

run "every_function_and_queue_has_its_alarms" {
  command = plan
  variables {
    environment   = "production"
    alarm_actions = ["arn:aws:sns:ap-northeast-1:123456789012:on-call"]
  }

  assert {
    condition = alltrue([for alarms in [aws_cloudwatch_metric_alarm.errors, aws_cloudwatch_metric_alarm.throttles, aws_cloudwatch_metric_alarm.duration] :
      toset(keys(alarms)) == toset(keys(local.wiring.functions))
    ])
    error_message = "A function fails, is throttled or runs long unseen."
  }

  assert {
    condition     = alltrue([for name, alarm in aws_cloudwatch_metric_alarm.duration : alarm.threshold < local.wiring.functions[name].timeout_seconds * 1000 && alarm.extended_statistic == "p99"])
    error_message = "A duration alarm comes after the timeout."
  }

  assert {
    condition = (
      toset([for alarm in aws_cloudwatch_metric_alarm.last_resort : alarm.dimensions.QueueName])
      == toset([for queue in concat(values(aws_sqs_queue.dead_letter), values(aws_sqs_queue.failures)) : queue.name])
    )
    error_message = "A message is given up unseen."
  }

  assert {
    condition = (
      toset(keys(aws_cloudwatch_metric_alarm.iterator_age)) == toset([for name, function in local.wiring.functions : name if function.trigger.kind == "stream"])
      && alltrue([for alarm in aws_cloudwatch_metric_alarm.iterator_age : alarm.threshold == 900000])
    )
    error_message = "Events are late unseen."
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.raised)) == toset(["slip-after-settlement", "slip-after-close", "race-does-not-add-up", "race-stuck", "secret-unusable"])
    error_message = "What functions raise themselves is not seen."
  }

  assert {
    condition     = toset([for alarm in aws_cloudwatch_metric_alarm.backlog : alarm.dimensions.QueueName]) == toset([for queue in aws_sqs_queue.this : queue.name])
    error_message = "Messages wait unseen."
  }

  # An alarm in words: its name, what it looks at, from when on, and of whom. Of two of one name AWS would keep one.
  assert {
    condition = toset([for alarm in concat(
      values(aws_cloudwatch_metric_alarm.errors), values(aws_cloudwatch_metric_alarm.throttles), values(aws_cloudwatch_metric_alarm.duration),
      values(aws_cloudwatch_metric_alarm.iterator_age), values(aws_cloudwatch_metric_alarm.last_resort), values(aws_cloudwatch_metric_alarm.backlog),
      values(aws_cloudwatch_metric_alarm.raised), aws_cloudwatch_metric_alarm.api_errors,
      ) : join(" ", concat(
        ["${alarm.alarm_name}:", alarm.namespace, alarm.metric_name, coalesce(alarm.statistic, alarm.extended_statistic), alarm.comparison_operator, tostring(alarm.threshold)],
        [for key, value in alarm.dimensions : "${key}=${value}"],
      ))]) == toset(concat(
      ["koban-production-api-errors: AWS/ApiGateway 5xx Sum GreaterThanThreshold 0 ApiId=api123"],
      flatten([for name, function in local.wiring.functions : [
        "koban-production-${name}-errors: AWS/Lambda Errors Sum GreaterThanThreshold 0 FunctionName=koban-production-${name}",
        "koban-production-${name}-throttles: AWS/Lambda Throttles Sum GreaterThanThreshold 0 FunctionName=koban-production-${name}",
        "koban-production-${name}-duration: AWS/Lambda Duration p99 GreaterThanThreshold ${function.timeout_seconds * 800} FunctionName=koban-production-${name}",
      ]]),
      [for name, function in local.wiring.functions :
        "koban-production-${name}-iterator-age: AWS/Lambda IteratorAge Maximum GreaterThanOrEqualToThreshold 900000 FunctionName=koban-production-${name}" if function.trigger.kind == "stream"
      ],
      [for name, queue in local.wiring.queues :
        "koban-production-${name}${queue.consumer != null ? "-dlq" : ""}: AWS/SQS ApproximateNumberOfMessagesVisible Maximum GreaterThanThreshold 0 QueueName=koban-production-${name}${queue.consumer != null ? "-dlq" : ""}"
      ],
      [for name, queue in local.wiring.queues :
        "koban-production-${name}-backlog: AWS/SQS ApproximateAgeOfOldestMessage Maximum GreaterThanThreshold 3600 QueueName=koban-production-${name}" if queue.consumer != null
      ],
      [for name, _ in local.wiring.alarms : "koban-production-${name}: Koban alarm Sum GreaterThanThreshold 0 alarm_name=${name} environment=koban-production"],
    ))
    error_message = "An alarm looks at something else than its name says, or from too much on."
  }

  assert {
    condition = alltrue([for alarm in concat(
      values(aws_cloudwatch_metric_alarm.errors), values(aws_cloudwatch_metric_alarm.throttles), values(aws_cloudwatch_metric_alarm.duration),
      values(aws_cloudwatch_metric_alarm.iterator_age), values(aws_cloudwatch_metric_alarm.last_resort), values(aws_cloudwatch_metric_alarm.backlog),
      values(aws_cloudwatch_metric_alarm.raised), aws_cloudwatch_metric_alarm.api_errors,
      ) : (
      alarm.alarm_actions == toset(["arn:aws:sns:ap-northeast-1:123456789012:on-call"])
      && alarm.ok_actions == alarm.alarm_actions
      && alarm.actions_enabled != false
      && alarm.treat_missing_data == "notBreaching"
    )])
    error_message = "An alarm tells nobody, or rises because nothing happens."
  }
}

run "the_dashboard_shows_every_function_queue_stream_table_and_raised_alarm" {
  command = plan

  # A metric in words, without how it is drawn.
  assert {
    condition = toset(flatten([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [
      for metric in widget.properties.metrics : join(" ", [for part in metric : part if can(tostring(part))])
      ]])) == toset(concat(
      [for metric in ["Count", "4xx", "5xx", "Latency"] : "AWS/ApiGateway ${metric} ApiId api123"],
      flatten([for name, _ in local.wiring.functions : concat(
        [for metric in ["Invocations", "Duration", "Errors", "Throttles"] : "AWS/Lambda ${metric} FunctionName koban-alpha-${name}"],
        ["Koban wru environment koban-alpha function ${name}"],
      )]),
      [for name, queue in local.wiring.queues : "AWS/SQS ApproximateAgeOfOldestMessage QueueName koban-alpha-${name}" if queue.consumer != null],
      [for name, queue in local.wiring.queues : "AWS/SQS ApproximateNumberOfMessagesVisible QueueName koban-alpha-${name}${queue.consumer != null ? "-dlq" : ""}"],
      [for name, function in local.wiring.functions : "AWS/Lambda IteratorAge FunctionName koban-alpha-${name}" if function.trigger.kind == "stream"],
      [for name, _ in local.wiring.alarms : "Koban alarm environment koban-alpha alarm_name ${name}"],
      [for name, _ in local.wiring.tables : "AWS/DynamoDB ConsumedWriteCapacityUnits TableName koban-alpha-${name}"],
    ))
    error_message = "The dashboard leaves something out, or shows what is not there."
  }

  assert {
    condition = (
      aws_cloudwatch_dashboard.this.dashboard_name == "koban-alpha"
      && alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.properties.region == "ap-northeast-1"])
    )
    error_message = "The dashboard is not found by the environment's name, or looks at another region."
  }

  # Two columns of 12 of the 24 units that a dashboard is wide, rows of 6.
  assert {
    condition = toset([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : "${widget.x} ${widget.y} ${widget.width} ${widget.height}"]) == toset(flatten([
      for row in range(length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) / 2) : [for x in [0, 12] : "${x} ${row * 6} 12 6"]
    ]))
    error_message = "The dashboard's widgets cover each other, or leave a hole."
  }
}

run "alarms_can_be_left_out_of_tests" {
  command = plan
  variables {
    environment = "ephemeral"
    alarms      = false
  }

  assert {
    condition = length(concat(
      values(aws_cloudwatch_metric_alarm.errors), values(aws_cloudwatch_metric_alarm.throttles), values(aws_cloudwatch_metric_alarm.duration),
      values(aws_cloudwatch_metric_alarm.iterator_age), values(aws_cloudwatch_metric_alarm.last_resort), values(aws_cloudwatch_metric_alarm.backlog),
      values(aws_cloudwatch_metric_alarm.raised), aws_cloudwatch_metric_alarm.api_errors,
    )) == 0
    error_message = "There are alarms though none are wanted."
  }
}
