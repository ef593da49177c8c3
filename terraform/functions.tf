# One Lambda per function. Zips go through S3, keyed by their hash, so unchanged code is an empty plan; `filename` would have the
# provider make functions one at a time.

locals {
  # Only one of the two is read. Both give the same type, so that the choice between them is not a change.
  manifest = jsondecode(var.manifest != null ? jsonencode(var.manifest) : file(var.manifest_path))

  # What functions may ask of the environment; each is told what its definition lists.
  settings = {
    BANK        = var.bank
    SERVICES    = var.services == null ? "all" : join(",", sort(local.services))
    SHARDS      = tostring(var.shards)
    STAFF_CLAIM = var.staff_claim
  }

  zips = { for name, _ in local.functions : name => {
    path = "${var.zip_dir}/${try(local.manifest.functions[name].zip, "${name}.zip")}"
    # Null for a function that was not packaged: a precondition says so.
    sha256 = try(local.manifest.functions[name].sha256, null)
  } }
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_115:Concurrency is bounded by each queue's mapping and each route's throttle; reserving takes it from others
  # checkov:skip=CKV_AWS_116:No function is invoked asynchronously; queues and streams have their own dead letters
  # checkov:skip=CKV_AWS_117:Functions speak to AWS's own endpoints only; a VPC would add a NAT gateway and slower starts
  # checkov:skip=CKV_AWS_173:The environment holds no secret; it is encrypted with AWS's own key
  # checkov:skip=CKV_AWS_272:The hash in the manifest pins the code; signing is the pipeline's choice
  # checkov:skip=CKV_AWS_50:Traces are paid one by one; `tracing` turns them on
  for_each = local.functions

  function_name = "${local.prefix}${each.key}"
  description   = each.value.summary
  role          = aws_iam_role.function[each.key].arn

  package_type     = "Zip"
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [local.manifest.architecture]
  s3_bucket        = aws_s3_bucket.code.bucket
  s3_key           = aws_s3_object.code[each.key].key
  source_code_hash = local.zips[each.key].sha256

  memory_size = each.value.memory_mb
  timeout     = each.value.timeout_seconds

  environment {
    variables = merge({
      KOBAN_PREFIX     = local.prefix
      KOBAN_ACCOUNT    = local.account
      KOBAN_ISSUER     = var.issuer
      KOBAN_AUDIENCE   = var.audience
      KOBAN_SHOWS_COST = tostring(var.shows_cost)
    }, { for setting in each.value.settings : "KOBAN_${setting}" => local.settings[setting] })
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  # The first invocation must find its log group and its grants.
  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.function]

  lifecycle {
    precondition {
      condition     = local.zips[each.key].sha256 != null
      error_message = "${each.key} of the service ${each.value.service} is not in the manifest: run `koban package${var.services == null ? "" : " --services ${join(",", sort(var.services))}"}` again."
    }

    precondition {
      condition     = contains(["x86_64", "arm64"], local.manifest.architecture)
      error_message = "The manifest's architecture is x86_64 or arm64."
    }
  }
}

resource "aws_s3_object" "code" {
  for_each = local.functions

  bucket      = aws_s3_bucket.code.bucket
  key         = "${each.key}/${replace(replace(coalesce(local.zips[each.key].sha256, "missing"), "+", "-"), "/", "_")}.zip"
  source      = local.zips[each.key].path
  source_hash = local.zips[each.key].sha256

  # A function is never without its zip while it moves to the next one.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_s3_bucket" "code" {
  # checkov:skip=CKV_AWS_18:It holds code that the repository makes again; who reads it is in CloudTrail
  # checkov:skip=CKV_AWS_21:Keys are hashes of their content, so no object is ever overwritten
  # checkov:skip=CKV_AWS_144:Every region's apply uploads its own
  # checkov:skip=CKV_AWS_145:Code is no secret; S3's own key is enough
  # checkov:skip=CKV2_AWS_61:Terraform removes the zips that no function uses any more
  # checkov:skip=CKV2_AWS_62:Nothing follows from an upload
  bucket = "${local.prefix}code-${local.account}"
  # It holds nothing that `koban package` would not make again.
  force_destroy = true

  lifecycle {
    precondition {
      condition     = length(setsubtract(keys(local.manifest.functions), keys(local.wiring.functions))) == 0
      error_message = "In the manifest and not in wiring.json: ${join(", ", setsubtract(keys(local.manifest.functions), keys(local.wiring.functions)))}. Run `koban wiring` and `koban package` again."
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "code" {
  bucket = aws_s3_bucket.code.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "code" {
  bucket = aws_s3_bucket.code.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "code" {
  count = local.tls_only ? 1 : 0

  bucket = aws_s3_bucket.code.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyOverTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::${local.prefix}code-${local.account}", "arn:aws:s3:::${local.prefix}code-${local.account}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.code]
}
