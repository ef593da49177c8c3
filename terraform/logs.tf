# Log groups, made before what writes to them, so that none is kept for ever.

resource "aws_cloudwatch_log_group" "function" {
  # checkov:skip=CKV_AWS_158:Logs hold pseudonyms only and are encrypted with AWS's own key
  # checkov:skip=CKV_AWS_338:How long logs are kept is the environment's choice; the record of money is the tables
  for_each = local.functions

  name              = "/aws/lambda/${local.prefix}${each.key}"
  retention_in_days = var.log_retention_days
}

# Under /aws/vendedlogs, because the account's policy for log delivery is limited in size and counts every other name.
resource "aws_cloudwatch_log_group" "api" {
  # checkov:skip=CKV_AWS_158:Logs hold pseudonyms only and are encrypted with AWS's own key
  # checkov:skip=CKV_AWS_338:How long logs are kept is the environment's choice; the record of money is the tables
  name              = "/aws/vendedlogs/${local.prefix}api"
  retention_in_days = var.log_retention_days
}
