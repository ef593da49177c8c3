# Logs and alarms: everything that fails is seen, by the name of what failed.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
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
    condition     = toset(keys(aws_cloudwatch_metric_alarm.raised)) == toset(["slip-after-settlement", "slip-after-close", "race-does-not-add-up", "race-hangs"])
    error_message = "What functions raise themselves is not seen."
  }

  assert {
    condition = alltrue([for alarm in concat(
      values(aws_cloudwatch_metric_alarm.errors), values(aws_cloudwatch_metric_alarm.last_resort),
      values(aws_cloudwatch_metric_alarm.raised), aws_cloudwatch_metric_alarm.api_errors,
    ) : alarm.alarm_actions == toset(["arn:aws:sns:ap-northeast-1:123456789012:on-call"])])
    error_message = "An alarm tells nobody."
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
