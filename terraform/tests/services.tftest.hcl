# Deployment by service: an environment has the chosen services and those that they need, whole, and nothing of any other.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

# What the dashboard's widgets name; AWS gives it when the API is made.
override_resource {
  target          = aws_apigatewayv2_api.this
  override_during = plan
  values          = { id = "api123", execution_arn = "arn:aws:execute-api:ap-northeast-1:123456789012:api123" }
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

run "without_a_choice_everything_is_deployed" {
  command = plan

  assert {
    condition = (
      output.services == sort(keys(local.wiring.services))
      && local.functions == local.wiring.functions && local.tables == local.wiring.tables && local.queues == local.wiring.queues
      && local.topics == local.wiring.topics && local.secrets == local.wiring.secrets && local.alarms == local.wiring.alarms
    )
    error_message = "Something of the wiring is in no service."
  }

  assert {
    condition     = aws_lambda_function.this["get-openapi"].environment[0].variables["KOBAN_SERVICES"] == "all"
    error_message = "The API's description would leave routes out."
  }
}

run "wallet_alone_has_all_of_wallet_and_nothing_else" {
  command = plan
  variables {
    services = ["wallet"]
  }

  assert {
    condition     = output.services == tolist(["wallet"])
    error_message = "wallet brings a service that it does not need."
  }

  assert {
    condition     = toset(keys(aws_lambda_function.this)) == toset([for name, function in local.wiring.functions : name if function.service == "wallet"]) && length(aws_lambda_function.this) > 0
    error_message = "Not exactly the functions of wallet are made."
  }

  assert {
    condition = (
      toset(keys(aws_dynamodb_table.this)) == toset(["access", "bank", "wallet"])
      && toset(keys(aws_sqs_queue.this)) == toset(["collect-topup", "sweep-topups"])
      && toset(keys(aws_sqs_queue.dead_letter)) == toset(["collect-topup", "sweep-topups"])
      && toset(keys(aws_sqs_queue.failures)) == toset(["relay-wallet-failures"])
      && toset(keys(aws_sns_topic.this)) == toset(["wallet-events"])
      && toset(keys(aws_sns_topic_subscription.queue)) == toset(["wallet-events/collect-topup"])
      && toset(keys(aws_scheduler_schedule.function)) == toset(["sweep-topups"])
      && local.secret_names == {}
    )
    error_message = "A table, queue, topic, schedule or secret of wallet is missing, or one of another service is made."
  }

  # Whatever has a function in its key has one of wallet's.
  assert {
    condition = alltrue([for keys in [
      keys(aws_iam_role.function), keys(aws_iam_role_policy.function), keys(aws_s3_object.code), keys(aws_cloudwatch_log_group.function),
      keys(aws_cloudwatch_metric_alarm.errors), keys(aws_cloudwatch_metric_alarm.throttles), keys(aws_cloudwatch_metric_alarm.duration),
    ] : toset(keys) == toset(keys(aws_lambda_function.this))])
    error_message = "A role, zip, log group or alarm is of a function that is not made, or is missing."
  }

  assert {
    condition = (
      toset(keys(aws_apigatewayv2_route.function)) == toset([for name, function in local.wiring.functions : name if function.service == "wallet" && function.trigger.kind == "http"])
      && toset(keys(aws_apigatewayv2_integration.function)) == toset(keys(aws_apigatewayv2_route.function))
      && toset([for settings in aws_apigatewayv2_stage.default.route_settings : settings.route_key]) == toset([for route in aws_apigatewayv2_route.function : route.route_key])
    )
    error_message = "Not exactly the routes of wallet are made."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.raised) == 0 && toset(keys(aws_cloudwatch_metric_alarm.last_resort)) == toset(["collect-topup-dlq", "relay-wallet-failures", "sweep-topups-dlq"])
    error_message = "An alarm waits for what no function here raises, or a queue of wallet has none."
  }

  assert {
    condition     = !anytrue([for other in ["racing", "settle", "place-slip", "check-health"] : strcontains(aws_cloudwatch_dashboard.this.dashboard_body, other)]) && strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "get-wallet")
    error_message = "The dashboard shows another service, or not wallet."
  }

  assert {
    condition     = !anytrue([for policy in concat(values(aws_iam_role_policy.function)[*].policy, values(aws_sqs_queue.this)[*].policy) : strcontains(policy, "racing")])
    error_message = "A policy names what is not there."
  }
}

run "ops_alone_has_neither_tables_nor_queues_nor_a_clock" {
  command = plan
  variables {
    services = ["ops"]
  }

  assert {
    condition     = toset(keys(aws_lambda_function.this)) == toset(["check-health", "get-openapi"]) && toset(keys(aws_apigatewayv2_route.function)) == toset(["check-health", "get-openapi"])
    error_message = "Not exactly the functions of ops are made, each with its route."
  }

  assert {
    condition = alltrue([for made in [
      length(aws_dynamodb_table.this), length(aws_sqs_queue.this), length(aws_sqs_queue.dead_letter), length(aws_sqs_queue.failures),
      length(aws_sns_topic.this), length(aws_lambda_event_source_mapping.queue), length(aws_lambda_event_source_mapping.stream),
      length(aws_scheduler_schedule.function), length(aws_cloudwatch_metric_alarm.last_resort), length(aws_cloudwatch_metric_alarm.backlog),
    ] : made == 0])
    error_message = "Something is made that ops does not have."
  }

  assert {
    condition     = aws_lambda_function.this["get-openapi"].environment[0].variables["KOBAN_SERVICES"] == "ops"
    error_message = "The API's description would describe routes that are not there."
  }

  # AWS refuses both a policy without a resource and a widget without a metric.
  assert {
    condition     = length(aws_iam_role.scheduler) == 0 && length(aws_iam_role_policy.scheduler) == 0
    error_message = "The scheduler has a role, and nothing to send to."
  }

  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : length(widget.properties.metrics) > 0])
    error_message = "A widget of the dashboard has no metric."
  }
}

run "racing_brings_wallet_and_not_ops" {
  command = plan
  variables {
    services = ["racing"]
  }

  assert {
    condition     = output.services == tolist(["racing", "wallet"])
    error_message = "racing does not bring exactly wallet, to whose table it posts."
  }

  assert {
    condition     = toset(keys(aws_lambda_function.this)) == toset([for name, function in local.wiring.functions : name if contains(["racing", "wallet"], function.service)])
    error_message = "Not exactly the functions of racing and wallet are made."
  }

  assert {
    condition     = toset(keys(aws_dynamodb_table.this)) == toset(["access", "bank", "racing", "wallet"]) && keys(local.secret_names) == ["feed"]
    error_message = "Not exactly the tables and secrets of racing and wallet are there."
  }
}

run "each_service_brings_all_that_its_functions_name" {
  command = plan

  # Of every service: what its functions and queues use is its own or of a service that it needs.
  assert {
    condition = alltrue([for name, service in local.wiring.services : alltrue([for function in local.wiring.functions :
      alltrue([for grant in function.grants : contains(concat([name], service.needs), coalesce(local.wiring.tables[grant.table].service, name))])
      && alltrue([for queue in function.sends : contains(concat([name], service.needs), local.wiring.queues[queue].service)])
      if function.service == name
    ])])
    error_message = "A service uses a table or a queue of a service that does not come with it."
  }

  assert {
    condition = alltrue([for queue in local.wiring.queues : alltrue([for subscription in queue.subscriptions : anytrue([for function in local.wiring.functions :
      contains(function.publishes, subscription.topic) && contains(concat([queue.service], local.wiring.services[queue.service].needs), function.service)
    ])])])
    error_message = "A queue subscribes to a topic that does not come with its service."
  }
}

run "services_that_are_chosen_with_what_they_need_are_deployed_once" {
  command = plan
  variables {
    services = ["wallet", "racing", "ops"]
  }

  assert {
    condition     = local.functions == local.wiring.functions
    error_message = "All services by name are not all services."
  }
}

run "an_unknown_service_is_refused" {
  command = plan
  variables {
    services = ["wallet", "walet"]
  }
  expect_failures = [var.services]
}

run "no_service_at_all_is_refused" {
  command = plan
  variables {
    services = []
  }
  expect_failures = [var.services]
}

run "only_the_chosen_functions_must_be_packaged" {
  command = plan
  variables {
    services = ["wallet"]
    manifest = {
      architecture = "arm64"
      functions = { for name, function in jsondecode(file("wiring.json")).functions : name => {
        zip    = "${name}.zip"
        sha256 = base64sha256(name)
      } if function.service == "wallet" }
    }
  }
}

run "a_needed_service_that_was_not_packaged_stops_the_plan" {
  command = plan
  variables {
    services = ["racing"]
    manifest = {
      architecture = "arm64"
      functions = { for name, function in jsondecode(file("wiring.json")).functions : name => {
        zip    = "${name}.zip"
        sha256 = base64sha256(name)
      } if function.service == "racing" || name != "get-wallet" }
    }
  }
  expect_failures = [aws_lambda_function.this["get-wallet"]]
}

run "as_many_routes_as_an_api_takes_fit" {
  command = plan
  variables {
    services = ["ops"]
    wiring   = jsonencode(merge(jsondecode(file("wiring.json")), { routes_max = 2 }))
  }
}

run "more_routes_than_an_api_takes_stop_the_plan" {
  command = plan
  variables {
    services = ["ops"]
    wiring   = jsonencode(merge(jsondecode(file("wiring.json")), { routes_max = 1 }))
  }
  expect_failures = [aws_apigatewayv2_api.this]
}
