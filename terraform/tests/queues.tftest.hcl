# Queues: long enough to finish, often enough to recover, kept long enough to be mended.

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

run "every_consumed_queue_gives_its_function_time_and_tries" {
  command = plan

  assert {
    condition = alltrue([for name, function in local.functions :
      aws_sqs_queue.this[function.trigger.queue].visibility_timeout_seconds >= 6 * function.timeout_seconds
      if contains(["queue", "schedule"], function.trigger.kind)
    ])
    error_message = "A queue's visibility timeout is less than six times its function's timeout."
  }

  assert {
    condition = alltrue([for name, queue in aws_sqs_queue.this :
      jsondecode(queue.redrive_policy).maxReceiveCount == local.wiring.queues[name].receives_max && local.wiring.queues[name].receives_max >= 5
    ])
    error_message = "A message is given up after other receives than its queue's definition says, or after fewer than five."
  }

  # Its messages come back after every page, so that work which goes on uses receives up, too.
  assert {
    condition     = jsondecode(aws_sqs_queue.this["settle-shard"].redrive_policy).maxReceiveCount == 20
    error_message = "settle-shard is not tried twenty times."
  }

  assert {
    condition = alltrue([for name, queue in aws_sqs_queue.this :
      jsondecode(queue.redrive_policy).deadLetterTargetArn == "arn:aws:sqs:ap-northeast-1:123456789012:${aws_sqs_queue.dead_letter[name].name}"
      && jsondecode(aws_sqs_queue.dead_letter[name].redrive_allow_policy) == {
        redrivePermission = "byQueue"
        sourceQueueArns   = ["arn:aws:sqs:ap-northeast-1:123456789012:${queue.name}"]
      }
    ])
    error_message = "A queue and its dead-letter queue do not name each other."
  }
}

run "dead_letters_are_kept_for_fourteen_days" {
  command = plan

  assert {
    condition     = alltrue([for queue in merge(aws_sqs_queue.dead_letter, aws_sqs_queue.failures) : queue.message_retention_seconds == 1209600])
    error_message = "A dead-letter or failures queue forgets before 14 days."
  }

  assert {
    condition     = toset(keys(aws_sqs_queue.failures)) == toset([for name, queue in local.wiring.queues : name if queue.consumer == null])
    error_message = "Exactly the queues without a consumer are failures queues."
  }
}

run "queues_and_topics_are_encrypted" {
  command = plan

  assert {
    condition     = alltrue([for queue in concat(values(aws_sqs_queue.this), values(aws_sqs_queue.dead_letter), values(aws_sqs_queue.failures)) : queue.sqs_managed_sse_enabled])
    error_message = "A queue is not encrypted."
  }

  assert {
    condition     = alltrue([for topic in aws_sns_topic.this : topic.kms_master_key_id == "alias/aws/sns"])
    error_message = "A topic is not encrypted."
  }
}

run "queues_admit_only_their_topics_and_senders" {
  command = plan

  assert {
    condition = alltrue([for name, queue in merge(aws_sqs_queue.this, aws_sqs_queue.failures) : toset(flatten([
      for statement in jsondecode(queue.policy).Statement : values(statement.Condition.ArnEquals) if statement.Effect == "Allow"
      ])) == toset(concat(
      [for subscription in local.wiring.queues[name].subscriptions : "arn:aws:sns:ap-northeast-1:123456789012:koban-alpha-${subscription.topic}"],
      [for function_name, function in local.functions : "arn:aws:iam::123456789012:role/koban-alpha-${function_name}" if contains(function.sends, name)],
      anytrue([for function in local.functions : function.trigger.kind == "schedule" && try(function.trigger.queue, "") == name]) ? ["arn:aws:iam::123456789012:role/koban-alpha-scheduler"] : [],
    ))])
    error_message = "A queue's policy admits a sender that the wiring does not name, or not one that it names."
  }

  assert {
    condition = alltrue(flatten([for queue in merge(aws_sqs_queue.this, aws_sqs_queue.failures) : [
      for statement in jsondecode(queue.policy).Statement : statement.Action == "sqs:SendMessage" if statement.Effect == "Allow"
    ]]))
    error_message = "A queue's policy admits more than sending."
  }
}

run "nothing_is_sent_or_published_without_tls" {
  command = plan

  assert {
    condition = alltrue([for policy in concat(
      [for queue in aws_sqs_queue.this : queue.policy],
      [for queue in aws_sqs_queue.dead_letter : queue.policy],
      [for queue in aws_sqs_queue.failures : queue.policy],
      [for topic in aws_sns_topic.this : topic.policy],
      [aws_s3_bucket_policy.code[0].policy],
      ) : anytrue([for statement in jsondecode(policy).Statement :
        statement.Effect == "Deny" && statement.Principal == "*" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"
    ])])
    error_message = "A queue, a topic or the bucket can be reached without TLS."
  }
}

run "every_consumer_has_a_mapping_that_reports_partial_failures" {
  command = plan

  assert {
    condition     = toset(keys(aws_lambda_event_source_mapping.queue)) == toset([for queue in local.wiring.queues : queue.consumer if queue.consumer != null])
    error_message = "A queue's consumer has no mapping, or a mapping no queue."
  }

  assert {
    condition     = alltrue([for mapping in aws_lambda_event_source_mapping.queue : mapping.function_response_types == toset(["ReportBatchItemFailures"])])
    error_message = "A mapping retries whole batches."
  }

  assert {
    condition = alltrue([for name, mapping in aws_lambda_event_source_mapping.queue :
      mapping.batch_size == try(local.functions[name].trigger.batch, 1)
      && mapping.scaling_config[0].maximum_concurrency == try(local.functions[name].trigger.concurrency, 2)
      && mapping.scaling_config[0].maximum_concurrency >= 2
    ])
    error_message = "A mapping's batch or concurrency is not its definition's; AWS knows no concurrency below 2."
  }
}

run "subscriptions_are_raw_and_filtered" {
  command = plan

  assert {
    condition = alltrue([for subscription in aws_sns_topic_subscription.queue :
      subscription.protocol == "sqs" && subscription.raw_message_delivery && subscription.filter_policy_scope == "MessageBody"
    ])
    error_message = "A subscription is wrapped or filters by attributes."
  }

  assert {
    condition = { for name, subscription in aws_sns_topic_subscription.queue : name => jsondecode(subscription.filter_policy) } == merge([
      for name, queue in local.wiring.queues : { for subscription in queue.subscriptions : "${subscription.topic}/${name}" => merge(
        { type = subscription.types },
        length(subscription.data) > 0 ? { data = subscription.data } : {},
      ) }
    ]...)
    error_message = "A subscription is missing, or lets through other events than its queue's definition says."
  }

  assert {
    condition = jsondecode(aws_sns_topic_subscription.queue["racing-events/settle-race"].filter_policy) == {
      type = ["koban.racing.race.changed.v1"]
      data = { state = ["resulted"] }
    }
    error_message = "settle-race is started by other events than results."
  }
}

run "schedules_fire_into_queues" {
  command = plan

  assert {
    condition     = toset(keys(aws_scheduler_schedule.function)) == toset([for name, function in local.functions : name if function.trigger.kind == "schedule"])
    error_message = "A scheduled function has no schedule."
  }

  assert {
    condition = alltrue([for name, schedule in aws_scheduler_schedule.function : (
      schedule.schedule_expression == local.functions[name].trigger.schedule
      && schedule.schedule_expression_timezone == local.functions[name].trigger.time_zone
      && schedule.target[0].input == local.functions[name].trigger.message
      && schedule.flexible_time_window[0].mode == "OFF"
      && schedule.state != "DISABLED"
    )])
    error_message = "A schedule's time or message is not its definition's, or it is off."
  }

  assert {
    condition     = aws_scheduler_schedule.function["sweep-races"].schedule_expression == "rate(1 minute)"
    error_message = "sweep-races does not come every minute."
  }
}

run "a_queue_that_gives_its_function_too_little_time_stops_the_plan" {
  command = plan
  variables {
    wiring = jsonencode(merge(jsondecode(file("wiring.json")), {
      queues = { for name, queue in jsondecode(file("wiring.json")).queues : name => merge(queue, {
        # One second less than six times.
        for key in ["visibility_seconds"] : key => 6 * jsondecode(file("wiring.json")).functions["settle-race"].timeout_seconds - 1
        if name == "settle-race"
      }) }
    }))
  }
  expect_failures = [aws_sqs_queue.this["settle-race"]]
}
