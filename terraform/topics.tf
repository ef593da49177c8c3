# Topics: a service's events. Queues subscribe raw, each with a filter over the event itself.

resource "aws_sns_topic" "this" {
  for_each = local.topics

  name              = "${local.prefix}${each.key}"
  kms_master_key_id = "alias/aws/sns"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "ItsPublishers"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${local.account}:root" }
        Action    = "sns:Publish"
        Resource  = local.topic_arns[each.key]
        Condition = { ArnEquals = { "aws:PrincipalArn" = [
          for name, function in local.functions : local.role_arns[name] if contains(function.publishes, each.key)
        ] } }
      }],
      [for sid in ["OnlyOverTls"] : {
        Sid       = sid
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = local.topic_arns[each.key]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      } if local.tls_only],
    )
  })
}

resource "aws_sns_topic_subscription" "queue" {
  for_each = local.subscriptions

  topic_arn            = aws_sns_topic.this[each.value.topic].arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.this[each.value.queue].arn
  raw_message_delivery = true
  filter_policy_scope  = "MessageBody"
  filter_policy = jsonencode(merge(
    { type = each.value.types },
    { for field, values in { data = each.value.data } : field => values if length(values) > 0 },
  ))
}
