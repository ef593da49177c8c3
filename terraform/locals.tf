# What wiring.json says of the chosen services and of those that they need, sorted by kind, and the names and ARNs that follow from it.
# ARNs are written from names, not read from resources, so that a plan shows every policy in full and policies need not wait for what they
# name. Outside this file `local.wiring` is read only for what is the same in every choice.

data "aws_caller_identity" "current" {}

locals {
  wiring  = jsondecode(var.wiring != null ? var.wiring : file("${path.module}/wiring.json"))
  account = data.aws_caller_identity.current.account_id
  prefix  = "koban-${var.environment}-"

  # SSM parameters: /koban-alpha/feed
  parameter_prefix = "/${trimsuffix(local.prefix, "-")}/"

  emulated = var.endpoint_url != null
  # An emulator that is reached over plain http would refuse every call by the policies that ask for TLS.
  tls_only = !startswith(coalesce(var.endpoint_url, "https://"), "http://")

  # An unknown name is refused by the variable.
  chosen   = var.services == null ? toset(keys(local.wiring.services)) : var.services
  services = setunion(local.chosen, flatten([for name in local.chosen : try(local.wiring.services[name].needs, [])]))

  # A function, a table or a queue is its service's; the platform's own table is there where a function reads it. A topic, a secret or an alarm is there for the functions that name it.
  functions = { for name, function in local.wiring.functions : name => function if contains(local.services, function.service) }
  tables = { for name, table in local.wiring.tables : name => table
    if table.service == null ? contains(local.tables_granted, name) : contains(local.services, table.service)
  }
  tables_granted = toset(flatten([for function in local.functions : [for grant in function.grants : grant.table]]))

  queues  = { for name, queue in local.wiring.queues : name => queue if contains(local.services, queue.service) }
  topics  = { for name, topic in local.wiring.topics : name => topic if contains(flatten([for function in local.functions : function.publishes]), name) }
  secrets = { for name, secret in local.wiring.secrets : name => secret if contains(flatten([for function in local.functions : function.secrets]), name) }
  alarms  = { for name, alarm in local.wiring.alarms : name => alarm if contains(flatten([for function in local.functions : function.alarms]), name) }

  http_functions   = { for name, function in local.functions : name => function if function.trigger.kind == "http" }
  stream_functions = { for name, function in local.functions : name => function if function.trigger.kind == "stream" }
  schedules        = { for name, function in local.functions : name => function if function.trigger.kind == "schedule" }
  # A schedule's function is a queue's consumer too: its messages come one at a time, from the scheduler.
  consumers = { for name, function in local.functions : name => {
    queue       = function.trigger.queue
    batch       = try(function.trigger.batch, 1)
    concurrency = try(function.trigger.concurrency, 2)
  } if contains(["queue", "schedule"], function.trigger.kind) }

  # Queues that nothing consumes hold what a relay gave up on. They are dead-letter queues themselves and have none.
  consumed_queues = { for name, queue in local.queues : name => queue if queue.consumer != null }
  failure_queues  = { for name, queue in local.queues : name => queue if queue.consumer == null }

  subscriptions = merge([for queue_name, queue in local.queues : {
    for subscription in queue.subscriptions : "${subscription.topic}/${queue_name}" => merge(subscription, { queue = queue_name })
  }]...)

  regional_arn = "${var.region}:${local.account}"
  table_arns   = { for name, _ in local.tables : name => "arn:aws:dynamodb:${local.regional_arn}:table/${local.prefix}${name}" }
  queue_arns   = { for name, _ in local.queues : name => "arn:aws:sqs:${local.regional_arn}:${local.prefix}${name}" }
  topic_arns   = { for name, _ in local.topics : name => "arn:aws:sns:${local.regional_arn}:${local.prefix}${name}" }
  role_arns    = { for name, _ in local.functions : name => "arn:aws:iam::${local.account}:role/${local.prefix}${name}" }
}
