# One role per function, granting what its definition lists and nothing else: no wildcard action, no wildcard resource but a log
# group's own streams and a table's own stream. On AWS sending and publishing a batch is granted with the single action, and an action of
# the batch's own name does not exist; the emulator knows that name alone.

locals {
  grants = { for name, function in local.functions : name => concat(
    [{
      Sid      = "Log"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["arn:aws:logs:${local.regional_arn}:log-group:/aws/lambda/${local.prefix}${name}:*"]
    }],
    [for grant in function.grants : {
      Sid      = "Items${local.sids[grant.table]}"
      Effect   = "Allow"
      Action   = grant.actions
      Resource = [local.table_arns[grant.table]]
    } if length(grant.actions) > 0],
    # What crosses to another service's table is part of a transaction with the caller's own item, or it is refused.
    [for grant in function.grants : {
      Sid       = "InTransactions${local.sids[grant.table]}"
      Effect    = "Allow"
      Action    = grant.actions_in_transaction
      Resource  = [local.table_arns[grant.table]]
      Condition = { (local.equals) = { "dynamodb:EnclosingOperation" = "TransactWriteItems" } }
    } if length(grant.actions_in_transaction) > 0],
    [for grant in function.grants : {
      Sid      = "Indexes${local.sids[grant.table]}"
      Effect   = "Allow"
      Action   = ["dynamodb:Query"]
      Resource = [for index in grant.indexes : "${local.table_arns[grant.table]}/index/${index}"]
    } if length(grant.indexes) > 0],
    # The only delete: personal items, by how their partition keys begin.
    [for table in distinct([for kind in try(function.forgets, []) : kind.table]) : {
      Sid      = "Forget${local.sids[table]}"
      Effect   = "Allow"
      Action   = ["dynamodb:DeleteItem"]
      Resource = [local.table_arns[table]]
      Condition = { "ForAllValues:StringLike" = {
        "dynamodb:LeadingKeys" = [for kind in function.forgets : "${kind.prefix}*" if kind.table == table]
      } }
    }],
    [for consumer in [try(local.consumers[name], null)] : {
      Sid      = "Consume"
      Effect   = "Allow"
      Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      Resource = [local.queue_arns[consumer.queue]]
    } if consumer != null],
    [for trigger in [function.trigger] : {
      Sid      = "ReadStream"
      Effect   = "Allow"
      Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
      Resource = ["${local.table_arns[trigger.table]}/stream/*"]
    } if trigger.kind == "stream"],
    [for sends in [function.sends] : {
      Sid      = "Send"
      Effect   = "Allow"
      Action   = concat(["sqs:SendMessage"], local.emulated ? ["sqs:SendMessageBatch"] : [])
      Resource = [for queue in sends : local.queue_arns[queue]]
    } if length(sends) > 0],
    [for publishes in [function.publishes] : {
      Sid      = "Publish"
      Effect   = "Allow"
      Action   = concat(["sns:Publish"], local.emulated ? ["sns:PublishBatch"] : [])
      Resource = [for topic in publishes : local.topic_arns[topic]]
    } if length(publishes) > 0],
    [for secrets in [function.secrets] : {
      Sid      = "ReadSecrets"
      Effect   = "Allow"
      Action   = ["ssm:GetParameter"]
      Resource = [for secret in secrets : local.secret_arns[secret]]
    } if length(secrets) > 0],
    # X-Ray knows no resources.
    [for resource in ["*"] : {
      Sid      = "Trace"
      Effect   = "Allow"
      Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = [resource]
    } if var.tracing],
  ) }

  # The emulator keeps this key as a list of one, which it never finds equal to a text; on AWS it is one text.
  equals = local.emulated ? "ForAnyValue:StringEquals" : "StringEquals"

  # Statement ids may have letters and digits only.
  sids = { for name, _ in local.tables : name => replace(title(replace(name, "-", " ")), " ", "") }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name        = "${local.prefix}${each.key}"
  description = "What ${each.key} may do."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name   = "definition"
  role   = aws_iam_role.function[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.grants[each.key] })
}
