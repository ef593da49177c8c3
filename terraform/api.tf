# The HTTP API: one route and one integration per function, the gateway's own JWT authorizer, a throttle for each route.

resource "aws_apigatewayv2_api" "this" {
  name          = "${local.prefix}api"
  description   = "Koban, ${var.environment}"
  protocol_type = "HTTP"

  cors_configuration {
    allow_origins  = var.cors_origins
    allow_methods  = local.wiring.cors.allow_methods
    allow_headers  = local.wiring.cors.allow_headers
    expose_headers = local.wiring.cors.expose_headers
    max_age        = local.wiring.cors.max_age_seconds
  }

  lifecycle {
    precondition {
      condition     = length(local.http_functions) <= local.wiring.routes_max
      error_message = "These services have ${length(local.http_functions)} routes, and an HTTP API takes ${local.wiring.routes_max} integrations: choose fewer of them with `services`, or deploy some of them as another environment."
    }
  }
}

resource "aws_apigatewayv2_authorizer" "jwt" {
  api_id           = aws_apigatewayv2_api.this.id
  name             = "jwt"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.issuer
    audience = [var.audience]
  }

  # It means nothing to a JWT authorizer, and AWS returns none; the emulator of the tests returns one, which would be a change for ever.
  lifecycle {
    ignore_changes = [authorizer_payload_format_version]
  }
}

resource "aws_apigatewayv2_integration" "function" {
  for_each = local.http_functions

  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = aws_lambda_function.this[each.key].invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "function" {
  # checkov:skip=CKV_AWS_309:Each definition says who may call it; tests/functions.tftest.hcl holds that JWT is asked for where it says so
  for_each = local.http_functions

  api_id             = aws_apigatewayv2_api.this.id
  route_key          = "${each.value.trigger.method} ${each.value.trigger.path}"
  operation_name     = each.key
  target             = "integrations/${aws_apigatewayv2_integration.function[each.key].id}"
  authorization_type = each.value.trigger.authorization == "jwt" ? "JWT" : "NONE"
  authorizer_id      = each.value.trigger.authorization == "jwt" ? aws_apigatewayv2_authorizer.jwt.id : null
}

resource "aws_lambda_permission" "api" {
  for_each = local.http_functions

  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this[each.key].function_name
  principal     = "apigateway.amazonaws.com"
  # Any stage, this method, this path with any parameters.
  source_arn = "${aws_apigatewayv2_api.this.execution_arn}/*/${each.value.trigger.method}${replace(each.value.trigger.path, "/\\{[^}]+\\}/", "*")}"
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  # For a route that has no throttle of its own; none should be without.
  default_route_settings {
    throttling_rate_limit  = 50
    throttling_burst_limit = 100
  }

  dynamic "route_settings" {
    for_each = local.http_functions

    content {
      route_key              = "${route_settings.value.trigger.method} ${route_settings.value.trigger.path}"
      throttling_rate_limit  = route_settings.value.trigger.rate
      throttling_burst_limit = route_settings.value.trigger.burst
    }
  }

  # Neither addresses nor tokens nor who called: access logs are not deletable by person.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn
    format = jsonencode({
      at                = "$context.requestTime"
      request_id        = "$context.requestId"
      route             = "$context.routeKey"
      status            = "$context.status"
      protocol          = "$context.protocol"
      response_bytes    = "$context.responseLength"
      latency_ms        = "$context.responseLatency"
      integration_ms    = "$context.integrationLatency"
      integration_error = "$context.integrationErrorMessage"
      authorizer_error  = "$context.authorizer.error"
      error             = "$context.error.message"
    })
  }

  # A throttle can be set only for a route that is there.
  depends_on = [aws_apigatewayv2_route.function]
}
