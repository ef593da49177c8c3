# A table's stream into its relay: from the oldest change on, in order, and past a batch that fails five times, which is reported to
# the relay's failures queue. That report names the changes and does not hold them: `koban republish` emits them again from the table.

resource "aws_lambda_event_source_mapping" "stream" {
  for_each = local.stream_functions

  event_source_arn                   = aws_dynamodb_table.this[each.value.trigger.table].stream_arn
  function_name                      = aws_lambda_function.this[each.key].arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = each.value.trigger.batch
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = 5
  maximum_record_age_in_seconds      = -1
  function_response_types            = ["ReportBatchItemFailures"]
  maximum_batching_window_in_seconds = 0

  # What TTL or a person's deletion removes is no event.
  filter_criteria {
    filter {
      pattern = jsonencode({ eventName = ["INSERT", "MODIFY"] })
    }
  }

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failures[each.value.trigger.failures].arn
    }
  }

  depends_on = [aws_iam_role_policy.function]
}
