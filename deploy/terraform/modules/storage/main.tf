# The bucket of the audio. Veza's access key is made by hand and put into Vault, so that no state has it.
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
  description = "Of the environment, such as veza-production."
  type        = string
}

resource "aws_s3_bucket" "media" {
  bucket = "${var.name}-media"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "media" {
  bucket                  = aws_s3_bucket.media.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "media" {
  bucket = aws_s3_bucket.media.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "media" {
  bucket = aws_s3_bucket.media.id

  rule {
    id     = "deleted"
    status = "Enabled"
    filter {}

    # An erased account's tracks must end too.
    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.media]
}

resource "aws_iam_user" "veza" {
  name = "${var.name}-media"
}

resource "aws_iam_user_policy" "veza" {
  name = "media"
  user = aws_iam_user.veza.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = aws_s3_bucket.media.arn
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        Resource = "${aws_s3_bucket.media.arn}/*"
      },
    ]
  })
}

output "media_bucket" {
  description = "S3_BUCKET."
  value       = aws_s3_bucket.media.bucket
}

output "media_user" {
  description = "The user whose access key goes into Vault: aws iam create-access-key --user-name."
  value       = aws_iam_user.veza.name
}
