# Production. A race of 160,000 slips fits 64 shards.
environment        = "production"
log_retention_days = 400
shards             = 64
# bank: none, until there is an adapter of yours; with none, POST /v1/topups answers 503.
# issuer and audience: by -var, TF_VAR_issuer and TF_VAR_audience, or here.
# alarm_actions: the SNS topics of whoever is on call.
# cors_origins: the apps' own origins.
