# One dashboard, from the outside in: the API, the functions, the queues, the streams, the money.

locals {
  dashboard_rows = [
    [
      { title = "API: requests and errors", stat = "Sum", metrics = [for metric in ["Count", "4xx", "5xx"] : ["AWS/ApiGateway", metric, "ApiId", aws_apigatewayv2_api.this.id]] },
      { title = "API: latency, p50 and p99 (ms)", stat = "p99", metrics = [for stat in ["p50", "p99"] : ["AWS/ApiGateway", "Latency", "ApiId", aws_apigatewayv2_api.this.id, { stat = stat }]] },
    ],
    [
      { title = "Functions: invocations", stat = "Sum", metrics = [for name, _ in local.functions : ["AWS/Lambda", "Invocations", "FunctionName", "${local.prefix}${name}"]] },
      { title = "Functions: duration, p99 (ms)", stat = "p99", metrics = [for name, _ in local.functions : ["AWS/Lambda", "Duration", "FunctionName", "${local.prefix}${name}"]] },
    ],
    [
      { title = "Functions: errors", stat = "Sum", metrics = [for name, _ in local.functions : ["AWS/Lambda", "Errors", "FunctionName", "${local.prefix}${name}"]] },
      { title = "Functions: throttles", stat = "Sum", metrics = [for name, _ in local.functions : ["AWS/Lambda", "Throttles", "FunctionName", "${local.prefix}${name}"]] },
    ],
    [
      { title = "Queues: oldest message (s)", stat = "Maximum", metrics = [for name, _ in local.consumed_queues : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", "${local.prefix}${name}"]] },
      { title = "Given up: messages in dead-letter and failures queues", stat = "Maximum", metrics = [for queue in local.last_resort_queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue]] },
    ],
    [
      { title = "Streams: how late events are (ms)", stat = "Maximum", metrics = [for name, _ in local.stream_functions : ["AWS/Lambda", "IteratorAge", "FunctionName", "${local.prefix}${name}"]] },
      { title = "What must never happen", stat = "Sum", metrics = [for name, _ in local.raised_alarms : ["Koban", "alarm", "environment", trimsuffix(local.prefix, "-"), "alarm_name", name]] },
    ],
    [
      { title = "Write units per invocation", stat = "Average", metrics = [for name, _ in local.functions : ["Koban", "wru", "environment", trimsuffix(local.prefix, "-"), "function", name]] },
      { title = "Tables: consumed write units", stat = "Sum", metrics = [for name, _ in local.tables : ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", "${local.prefix}${name}"]] },
    ],
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = trimsuffix(local.prefix, "-")

  dashboard_body = jsonencode({
    # CloudWatch refuses a widget without a metric: a choice of services may have no queue, no stream or no alarm of its own.
    widgets = flatten([for row, widgets in local.dashboard_rows : [for column, widget in widgets : {
      type   = "metric"
      x      = column * 12
      y      = row * 6
      width  = 12
      height = 6
      properties = {
        title   = widget.title
        stat    = widget.stat
        metrics = widget.metrics
        region  = var.region
        period  = 60
        view    = "timeSeries"
      }
    } if length(widget.metrics) > 0]])
  })
}
