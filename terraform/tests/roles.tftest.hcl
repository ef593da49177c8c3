# Roles: each grants exactly what its definition lists.

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

run "each_role_grants_exactly_its_definition" {
  command = plan

  # A grant in words: the action, the resource, and where it holds.
  assert {
    condition = alltrue([for name, function in local.functions : toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.function[name].policy).Statement : [for action in statement.Action : [
        for resource in statement.Resource : "${action} ${resource} ${jsonencode(try(statement.Condition, {}))}"
      ]]
      ])) == toset(concat(
      flatten([for grant in function.grants : concat(
        [for action in grant.actions : "${action} arn:aws:dynamodb:ap-northeast-1:123456789012:table/koban-alpha-${grant.table} {}"],
        [for action in grant.actions_in_transaction : "${action} arn:aws:dynamodb:ap-northeast-1:123456789012:table/koban-alpha-${grant.table} {\"StringEquals\":{\"dynamodb:EnclosingOperation\":\"TransactWriteItems\"}}"],
        [for index in grant.indexes : "dynamodb:Query arn:aws:dynamodb:ap-northeast-1:123456789012:table/koban-alpha-${grant.table}/index/${index} {}"],
      )]),
      flatten([for kind in try(function.forgets, []) :
        "dynamodb:DeleteItem arn:aws:dynamodb:ap-northeast-1:123456789012:table/koban-alpha-${kind.table} {\"ForAllValues:StringLike\":{\"dynamodb:LeadingKeys\":${jsonencode([for one in function.forgets : "${one.prefix}*" if one.table == kind.table])}}}"
      ]),
      flatten([for queue in try([function.trigger.queue], []) : [for action in ["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage"] :
        "sqs:${action} arn:aws:sqs:ap-northeast-1:123456789012:koban-alpha-${queue} {}"
      ]]),
      flatten([for table in try([function.trigger.table], []) : [for action in ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"] :
        "dynamodb:${action} arn:aws:dynamodb:ap-northeast-1:123456789012:table/koban-alpha-${table}/stream/* {}"
      ]]),
      [for queue in function.sends : "sqs:SendMessage arn:aws:sqs:ap-northeast-1:123456789012:koban-alpha-${queue} {}"],
      [for topic in function.publishes : "sns:Publish arn:aws:sns:ap-northeast-1:123456789012:koban-alpha-${topic} {}"],
      [for secret in function.secrets : "ssm:GetParameter arn:aws:ssm:ap-northeast-1:123456789012:parameter/koban-alpha/${secret} {}"],
      [for action in ["CreateLogStream", "PutLogEvents"] : "logs:${action} arn:aws:logs:ap-northeast-1:123456789012:log-group:/aws/lambda/koban-alpha-${name}:* {}"],
    ))])
    error_message = "A role grants more or less than its definition."
  }

  assert {
    condition     = toset(keys(aws_iam_role_policy.function)) == toset(keys(local.functions)) && toset(keys(aws_iam_role.function)) == toset(keys(local.functions))
    error_message = "Each function has one role and one policy."
  }

  assert {
    condition = alltrue([for role in aws_iam_role.function :
      [for statement in jsondecode(role.assume_role_policy).Statement : statement.Principal] == [{ Service = "lambda.amazonaws.com" }]
    ])
    error_message = "A function's role is assumed by Lambda alone."
  }
}

# As written words, so that a mistake that wiring.json and roles.tf share is seen.
run "a_slip_is_paid_from_the_wallet_only_inside_a_transaction" {
  command = plan

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.function["place-slip"].policy).Statement : statement
      if contains(statement.Resource, "arn:aws:dynamodb:ap-northeast-1:123456789012:table/koban-alpha-wallet") && contains(statement.Action, "dynamodb:PutItem")
      ] == [{
        Sid       = "InTransactionsWallet"
        Effect    = "Allow"
        Action    = ["dynamodb:PutItem"]
        Resource  = ["arn:aws:dynamodb:ap-northeast-1:123456789012:table/koban-alpha-wallet"]
        Condition = { StringEquals = { "dynamodb:EnclosingOperation" = "TransactWriteItems" } }
    }]
    error_message = "place-slip may put to the wallet table outside a transaction."
  }

  # The wallet's own lines and its top-ups live in one table, so the service's own functions may put there plainly.
  assert {
    condition = alltrue(flatten([for name, function in local.functions : [
      for statement in jsondecode(aws_iam_role_policy.function[name].policy).Statement :
      try(statement.Condition.StringEquals["dynamodb:EnclosingOperation"], "") == "TransactWriteItems"
      if anytrue([for action in statement.Action : contains(["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"], action)])
      && contains(statement.Resource, "arn:aws:dynamodb:ap-northeast-1:123456789012:table/koban-alpha-wallet")
    ] if function.service != "wallet"]))
    error_message = "A function of another service may write to the wallet table outside a transaction."
  }
}

run "personal_items_alone_may_be_deleted" {
  command = plan

  variables {
    wiring = jsonencode(merge(jsondecode(file("wiring.json")), { functions = merge(jsondecode(file("wiring.json")).functions, {
      get-topup = merge(jsondecode(file("wiring.json")).functions["get-topup"], {
        forgets = [{ table = "wallet", prefix = "memo#" }, { table = "wallet", prefix = "category#" }]
      })
    }) }))
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.function["get-topup"].policy).Statement : statement
      if contains(statement.Action, "dynamodb:DeleteItem")
      ] == [{
        Sid       = "ForgetWallet"
        Effect    = "Allow"
        Action    = ["dynamodb:DeleteItem"]
        Resource  = ["arn:aws:dynamodb:ap-northeast-1:123456789012:table/koban-alpha-wallet"]
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["memo#*", "category#*"] } }
    }]
    error_message = "A role deletes more or less than the personal items of its definition."
  }
}

run "no_function_may_scan_update_delete_or_administer" {
  command = plan

  assert {
    condition = length(flatten([for name, policy in aws_iam_role_policy.function : [for statement in jsondecode(policy.policy).Statement : [
      for action in statement.Action : "${name} ${action}"
      if !(action == "dynamodb:DeleteItem" && length(try(statement.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"], [])) > 0)
      && (strcontains(action, "*") || length(regexall("Scan|PartiQL|Update|DeleteItem|BatchWrite|Create(Table|Queue|Topic)|DeleteTable|^(iam|kms|sts|s3):", action)) > 0)
    ]]])) == 0
    error_message = "A role has an action that no definition can ask for."
  }

  assert {
    condition = length(flatten([for policy in aws_iam_role_policy.function : [for statement in jsondecode(policy.policy).Statement : [
      for resource in statement.Resource : resource
      if !startswith(resource, "arn:aws:") || length(regexall("\\*", trimsuffix(trimsuffix(resource, "/stream/*"), ":*"))) > 0
    ]]])) == 0
    error_message = "A role has a wildcard for a resource."
  }
}

run "tracing_is_granted_only_when_chosen" {
  command = plan
  variables {
    tracing = true
  }

  assert {
    condition = alltrue([for policy in aws_iam_role_policy.function :
      anytrue([for statement in jsondecode(policy.policy).Statement : contains(statement.Action, "xray:PutTraceSegments")])
    ])
    error_message = "A traced function cannot send its traces."
  }
}

run "the_scheduler_sends_to_scheduled_queues_and_nowhere_else" {
  command = plan

  assert {
    condition = jsondecode(one(aws_iam_role_policy.scheduler).policy).Statement == [{
      Sid      = "Send"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = [for name, function in local.functions : "arn:aws:sqs:ap-northeast-1:123456789012:koban-alpha-${function.trigger.queue}" if function.trigger.kind == "schedule"]
    }]
    error_message = "The scheduler's role grants more or less than sending to scheduled queues."
  }

  assert {
    condition = (
      jsondecode(one(aws_iam_role.scheduler).assume_role_policy).Statement[0].Principal == { Service = "scheduler.amazonaws.com" }
      && jsondecode(one(aws_iam_role.scheduler).assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    )
    error_message = "The scheduler's role is assumed by this account's scheduler alone."
  }
}
