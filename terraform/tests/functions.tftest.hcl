# Functions and the API in front of them: nothing of the wiring is left out.

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

run "every_function_is_made_as_defined" {
  command = plan

  assert {
    condition     = toset(keys(aws_lambda_function.this)) == toset(keys(local.wiring.functions))
    error_message = "A function of the wiring is missing, or one is not of it."
  }

  assert {
    condition = alltrue([for name, function in aws_lambda_function.this :
      function.runtime == "provided.al2023"
      && function.architectures == tolist(["arm64"])
      && function.memory_size == local.wiring.functions[name].memory_mb
      && function.timeout == local.wiring.functions[name].timeout_seconds
      && function.source_code_hash == base64sha256(name)
    ])
    error_message = "A function is not as its definition and the manifest say."
  }

  # A secret in an environment variable would be in state too.
  assert {
    condition = alltrue([for name, function in aws_lambda_function.this : toset(keys(one(function.environment).variables)) == toset(concat(
      ["KOBAN_ACCOUNT", "KOBAN_AUDIENCE", "KOBAN_ISSUER", "KOBAN_PREFIX", "KOBAN_SHOWS_COST"],
      [for setting in local.wiring.functions[name].settings : "KOBAN_${setting}"],
    ))])
    error_message = "A function's environment has more or less than where it is and what its definition lists."
  }

  assert {
    condition = aws_lambda_function.this["place-slip"].environment[0].variables == tomap({
      KOBAN_ACCOUNT    = "123456789012"
      KOBAN_AUDIENCE   = "koban"
      KOBAN_ISSUER     = "https://issuer.example.com"
      KOBAN_PREFIX     = "koban-alpha-"
      KOBAN_SHOWS_COST = "false"
    })
    error_message = "place-slip is not told where it is."
  }

  assert {
    condition = (
      aws_lambda_function.this["announce-races"].environment[0].variables["KOBAN_SHARDS"] == "4"
      && aws_lambda_function.this["create-topup"].environment[0].variables["KOBAN_BANK"] == "none"
      && aws_lambda_function.this["collect-topup"].environment[0].variables["KOBAN_BANK"] == "none"
    )
    error_message = "A function is not told what the environment chose, or there is a bank that nobody chose."
  }

  assert {
    condition = alltrue([for function in local.wiring.functions :
      (contains(["queue", "schedule", "stream"], function.trigger.kind) || function.timeout_seconds < 30)
    ])
    error_message = "A route's function may run longer than the gateway waits."
  }
}

run "code_is_encrypted_private_and_never_overwritten" {
  command = plan

  assert {
    condition = alltrue(flatten([for rule in aws_s3_bucket_server_side_encryption_configuration.code.rule : [
      for encryption in rule.apply_server_side_encryption_by_default : encryption.sse_algorithm == "AES256"
    ]])) && length(aws_s3_bucket_server_side_encryption_configuration.code.rule) == 1
    error_message = "The bucket does not encrypt the code."
  }

  assert {
    condition = (
      aws_s3_bucket_public_access_block.code.block_public_acls
      && aws_s3_bucket_public_access_block.code.block_public_policy
      && aws_s3_bucket_public_access_block.code.ignore_public_acls
      && aws_s3_bucket_public_access_block.code.restrict_public_buckets
    )
    error_message = "The bucket could be made public."
  }

  # The bucket has no versions, because each key is a hash of what it holds.
  assert {
    condition = { for name, zip in aws_s3_object.code : name => zip.key } == { for name, _ in local.wiring.functions :
      name => "${name}/${replace(replace(base64sha256(name), "+", "-"), "/", "_")}.zip"
    }
    error_message = "A zip's key is not its hash: an upload would change the code of a function that is running."
  }
}

run "every_function_has_what_starts_it" {
  command = plan

  assert {
    condition = toset(keys(local.wiring.functions)) == toset(concat(
      keys(aws_apigatewayv2_route.function),
      keys(aws_lambda_event_source_mapping.queue),
      keys(aws_lambda_event_source_mapping.stream),
    ))
    error_message = "A function has neither a route nor a mapping."
  }

  assert {
    condition = (
      toset(keys(aws_apigatewayv2_integration.function)) == toset(keys(aws_apigatewayv2_route.function))
      && toset(keys(aws_lambda_permission.api)) == toset(keys(aws_apigatewayv2_route.function))
    )
    error_message = "A route has no integration of its own, or may not call its function."
  }
}

run "routes_ask_for_a_token_as_defined" {
  command = plan

  assert {
    condition = alltrue([for name, route in aws_apigatewayv2_route.function :
      route.route_key == "${local.wiring.functions[name].trigger.method} ${local.wiring.functions[name].trigger.path}"
      && route.authorization_type == (local.wiring.functions[name].trigger.authorization == "jwt" ? "JWT" : "NONE")
    ])
    error_message = "A route is open that must ask for a token, or asks where it must not."
  }

  assert {
    condition     = aws_apigatewayv2_route.function["place-slip"].authorization_type == "JWT"
    error_message = "Anyone may place slips."
  }

  assert {
    condition = (
      aws_apigatewayv2_authorizer.jwt.authorizer_type == "JWT"
      && one(aws_apigatewayv2_authorizer.jwt.jwt_configuration).issuer == "https://issuer.example.com"
      && one(aws_apigatewayv2_authorizer.jwt.jwt_configuration).audience == toset(["koban"])
    )
    error_message = "Tokens of another issuer or audience are accepted."
  }
}

run "every_route_has_its_throttle" {
  command = plan

  assert {
    condition = (
      toset([for settings in aws_apigatewayv2_stage.default.route_settings : "${settings.route_key} ${settings.throttling_rate_limit} ${settings.throttling_burst_limit}"])
      == toset([for function in local.wiring.functions : "${function.trigger.method} ${function.trigger.path} ${function.trigger.rate} ${function.trigger.burst}" if function.trigger.kind == "http"])
    )
    error_message = "A route's throttle is not its definition's."
  }
}

run "a_function_that_was_not_packaged_stops_the_plan" {
  command = plan
  variables {
    manifest = {
      architecture = "arm64"
      functions = { for name, _ in jsondecode(file("wiring.json")).functions : name => {
        zip    = "${name}.zip"
        sha256 = base64sha256(name)
      } if name != "place-slip" }
    }
  }
  expect_failures = [aws_lambda_function.this["place-slip"]]
}

run "a_function_that_the_wiring_has_forgotten_stops_the_plan" {
  command = plan
  variables {
    wiring = jsonencode(merge(jsondecode(file("wiring.json")), {
      functions = { for name, function in jsondecode(file("wiring.json")).functions : name => function if name != "get-slip" }
    }))
  }
  expect_failures = [aws_s3_bucket.code]
}
