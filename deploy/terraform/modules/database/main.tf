# What PostgreSQL in the cluster (CloudNativePG) needs of AWS: a bucket for its backups, which only it may write to.
terraform {
  required_version = ">= 1.10"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

variable "name" {
  description = "Of the environment, such as veza-production; also its namespace."
  type        = string
}

variable "cluster_name" {
  description = "EKS cluster in which PostgreSQL runs."
  type        = string
}

variable "kept_days" {
  description = "How long deleted and replaced backups can be brought back."
  type        = number

  validation {
    condition     = var.kept_days >= 7 && var.kept_days <= 365
    error_message = "kept_days must be from 7 to 365."
  }
}

resource "aws_s3_bucket" "backups" {
  bucket = "${var.name}-backups"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "backups" {
  bucket = aws_s3_bucket.backups.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "backups" {
  bucket                  = aws_s3_bucket.backups.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "backups" {
  bucket = aws_s3_bucket.backups.id

  rule {
    id     = "deleted"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.kept_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.backups]
}

resource "aws_iam_role" "postgres" {
  name = "${var.name}-postgres"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Principal = { Service = "pods.eks.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "postgres" {
  name = "backups"
  role = aws_iam_role.postgres.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = aws_s3_bucket.backups.arn
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        Resource = "${aws_s3_bucket.backups.arn}/*"
      },
    ]
  })
}

# CloudNativePG runs its pods as the account veza-postgres.
resource "aws_eks_pod_identity_association" "postgres" {
  cluster_name    = var.cluster_name
  namespace       = var.name
  service_account = "veza-postgres"
  role_arn        = aws_iam_role.postgres.arn
}

output "backups_bucket" {
  description = "destinationPath of the ObjectStore in deploy/kubernetes."
  value       = aws_s3_bucket.backups.bucket
}
