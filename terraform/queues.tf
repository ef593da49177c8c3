# Queues, each with its dead-letter queue, and the mappings that feed them to functions. Policies stand inline: as resources of their
# own each would take the provider half a minute.

locals {
  retention_seconds = 14 * 24 * 60 * 60

  # Who may send to a queue: its topics, the functions that send to it, and the scheduler where it has a schedule.
  queue_topics = { for name, queue in local.queues : name => [for subscription in queue.subscriptions : local.topic_arns[subscription.topic]] }
  queue_senders = { for name, _ in local.queues : name => concat(
    [for function_name, function in local.functions : local.role_arns[function_name] if contains(function.sends, name)],
    [for schedule in local.schedules : local.scheduler_role_arn if schedule.trigger.queue == name],
  ) }

  queue_statements = { for name, arn in local.queue_arns : name => concat(
    [for statement in local.queue_tls_statements : merge(statement, { Resource = arn })],
    [for topics in [local.queue_topics[name]] : {
      Sid       = "ItsTopics"
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = arn
      Condition = { ArnEquals = { "aws:SourceArn" = topics } }
    } if length(topics) > 0],
    # By condition, not as principals: a role that is made anew keeps its name and not its identity.
    [for senders in [local.queue_senders[name]] : {
      Sid       = "ItsSenders"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${local.account}:root" }
      Action    = "sqs:SendMessage"
      Resource  = arn
      Condition = { ArnEquals = { "aws:PrincipalArn" = senders } }
    } if length(senders) > 0],
  ) }

  queue_tls_statements = [for sid in ["OnlyOverTls"] : {
    Sid       = sid
    Effect    = "Deny"
    Principal = "*"
    Action    = "sqs:*"
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  } if local.tls_only]
}

resource "aws_sqs_queue" "this" {
  for_each = local.consumed_queues

  name                       = "${local.prefix}${each.key}"
  visibility_timeout_seconds = each.value.visibility_seconds
  message_retention_seconds  = local.retention_seconds
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = true
  policy                     = jsonencode({ Version = "2012-10-17", Statement = local.queue_statements[each.key] })

  redrive_policy = jsonencode({
    deadLetterTargetArn = "${local.queue_arns[each.key]}-dlq"
    maxReceiveCount     = each.value.receives_max
  })

  depends_on = [aws_sqs_queue.dead_letter]

  # A message must not be seen again while its function works on it; six times is what AWS asks for.
  lifecycle {
    precondition {
      condition     = each.value.visibility_seconds >= 6 * local.functions[each.value.consumer].timeout_seconds
      error_message = "${each.key} hides a message for ${each.value.visibility_seconds} s: less than six times the timeout of ${each.value.consumer}, ${local.functions[each.value.consumer].timeout_seconds} s. Run `koban wiring` again."
    }
  }
}

resource "aws_sqs_queue" "dead_letter" {
  for_each = local.consumed_queues

  name                      = "${local.prefix}${each.key}-dlq"
  message_retention_seconds = local.retention_seconds
  sqs_managed_sse_enabled   = true

  # An empty policy is none at all; the emulator's is that.
  policy = local.tls_only ? jsonencode({
    Version   = "2012-10-17"
    Statement = [for statement in local.queue_tls_statements : merge(statement, { Resource = "${local.queue_arns[each.key]}-dlq" })]
  }) : null

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.queue_arns[each.key]]
  })
}

resource "aws_sqs_queue" "failures" {
  for_each = local.failure_queues

  name                       = "${local.prefix}${each.key}"
  visibility_timeout_seconds = each.value.visibility_seconds
  message_retention_seconds  = local.retention_seconds
  sqs_managed_sse_enabled    = true
  policy                     = jsonencode({ Version = "2012-10-17", Statement = local.queue_statements[each.key] })
  redrive_allow_policy       = jsonencode({ redrivePermission = "denyAll" })
}

resource "aws_lambda_event_source_mapping" "queue" {
  for_each = local.consumers

  event_source_arn        = aws_sqs_queue.this[each.value.queue].arn
  function_name           = aws_lambda_function.this[each.key].arn
  batch_size              = each.value.batch
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = each.value.concurrency
  }

  depends_on = [aws_iam_role_policy.function]
}
