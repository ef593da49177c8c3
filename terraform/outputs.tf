# What people and the `koban` command need to work with this environment.

output "api_url" {
  description = "Where the API is."
  value       = aws_apigatewayv2_api.this.api_endpoint
}

# By this the `koban` command finds an environment: its account, its region and where its API is.
resource "aws_ssm_parameter" "api_url" {
  # checkov:skip=CKV2_AWS_34:No secret: whoever calls the API knows its URL, and nothing here may cost
  # checkov:skip=CKV_AWS_337:No secret, as above
  name           = "${local.parameter_prefix}api_url"
  description    = "Where the API is. Read by the koban command."
  type           = "String"
  insecure_value = aws_apigatewayv2_api.this.api_endpoint
}

output "api_id" {
  description = "The HTTP API's id: what an emulator has in its host name."
  value       = aws_apigatewayv2_api.this.id
}

output "services" {
  description = "The services of this environment: those chosen, and those that they need."
  value       = sort(local.services)
}

output "prefix" {
  description = "What every resource's name begins with."
  value       = local.prefix
}

output "region" {
  description = "Where everything is."
  value       = var.region
}

output "queue_urls" {
  description = "The URL of each queue and dead-letter queue."
  value = merge(
    { for name, queue in aws_sqs_queue.this : name => queue.url },
    { for name, queue in aws_sqs_queue.dead_letter : "${name}-dlq" => queue.url },
    { for name, queue in aws_sqs_queue.failures : name => queue.url },
  )
}

output "table_names" {
  description = "The name of each table."
  value       = { for name, table in aws_dynamodb_table.this : name => table.name }
}

output "topic_arns" {
  description = "The ARN of each topic, for others' queues to subscribe to."
  value       = { for name, topic in aws_sns_topic.this : name => topic.arn }
}

output "log_groups" {
  description = "The log group of each function."
  value       = { for name, group in aws_cloudwatch_log_group.function : name => group.name }
}

output "secret_names" {
  description = "The SSM parameters that must be written by hand before the functions that read them work."
  value       = local.secret_names
}

output "dashboard" {
  description = "The CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
