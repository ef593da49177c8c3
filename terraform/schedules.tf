# The clock: a message on a function's queue every few minutes, or at the times of a cron expression in its time zone.

locals {
  scheduler_role_arn = "arn:aws:iam::${local.account}:role/${local.prefix}scheduler"
}

resource "aws_scheduler_schedule_group" "this" {
  name = trimsuffix(local.prefix, "-")
}

resource "aws_scheduler_schedule" "function" {
  # checkov:skip=CKV_AWS_297:A schedule's message is empty
  for_each = local.schedules

  name                         = "${local.prefix}${each.key}"
  description                  = each.value.summary
  group_name                   = aws_scheduler_schedule_group.this.name
  schedule_expression          = each.value.trigger.schedule
  schedule_expression_timezone = each.value.trigger.time_zone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sqs_queue.this[each.value.trigger.queue].arn
    role_arn = aws_iam_role.scheduler[0].arn
    input    = each.value.trigger.message

    # The next call does what a lost one would have done.
    retry_policy {
      maximum_event_age_in_seconds = 300
      maximum_retry_attempts       = 5
    }
  }

  depends_on = [aws_iam_role_policy.scheduler]
}

# Where nothing has a schedule, the policy would name no queue, and AWS refuses such a policy.
resource "aws_iam_role" "scheduler" {
  count = length(local.schedules) > 0 ? 1 : 0

  name        = "${local.prefix}scheduler"
  description = "Puts the clock's calls on queues."

  # Only for the schedules of this environment.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = {
        "aws:SourceAccount" = local.account
        "aws:SourceArn"     = "arn:aws:scheduler:${local.regional_arn}:schedule-group/${trimsuffix(local.prefix, "-")}"
      } }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  count = length(local.schedules) > 0 ? 1 : 0

  name = "schedules"
  role = aws_iam_role.scheduler[0].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Send"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = [for schedule in local.schedules : local.queue_arns[schedule.trigger.queue]]
    }]
  })
}
