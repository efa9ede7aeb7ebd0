# An EKS cluster: nodes for Veza, and nodes of their own for PostgreSQL.
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
  description = "Of the cluster; the workflow deploy.yml asks for it."
  type        = string
}

variable "kubernetes_version" {
  description = "Minor version, such as 1.34."
  type        = string

  validation {
    condition     = can(regex("^1\\.(3[4-9])$", var.kubernetes_version))
    error_message = "kubernetes_version must be 1.34 or newer: deploy/kubernetes uses preStop sleep."
  }
}

variable "subnet_ids" {
  description = "Private subnets, one a zone."
  type        = list(string)
}

variable "api_networks" {
  description = "Networks that may reach the cluster's API."
  type        = list(string)

  validation {
    condition     = !contains(var.api_networks, "0.0.0.0/0")
    error_message = "api_networks must not be the whole internet."
  }
}

variable "deployer_role_arn" {
  description = "Role that CI assumes; it gets the group of the Kubernetes role veza-deployer, and nothing else."
  type        = string
}

variable "nodes" {
  description = "Per group of nodes: type, and the fewest and most of them."
  type = map(object({
    instance_type = string
    min           = number
    max           = number
  }))

  validation {
    condition     = toset(keys(var.nodes)) == toset(["veza", "postgres"])
    error_message = "nodes must describe the groups veza and postgres."
  }

  validation {
    condition     = var.nodes["postgres"].min >= 3
    error_message = "nodes.postgres.min must be at least 3: each instance has a node of its own."
  }
}

resource "aws_iam_role" "cluster" {
  name = "${var.name}-cluster"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "eks.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
}

resource "aws_kms_key" "secrets" {
  description         = "Kubernetes' secrets of ${var.name}"
  enable_key_rotation = true
}

resource "aws_eks_cluster" "this" {
  name                      = var.name
  version                   = var.kubernetes_version
  role_arn                  = aws_iam_role.cluster.arn
  enabled_cluster_log_types = ["api", "audit", "authenticator"]

  access_config {
    authentication_mode = "API"
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = aws_kms_key.secrets.arn
    }
  }

  vpc_config {
    subnet_ids              = var.subnet_ids
    endpoint_private_access = true
    endpoint_public_access  = true
    public_access_cidrs     = var.api_networks
  }

  depends_on = [aws_iam_role_policy_attachment.cluster]
}

resource "aws_iam_role" "node" {
  name = "${var.name}-node"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each   = toset(["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"])
  role       = aws_iam_role.node.name
  policy_arn = "arn:aws:iam::aws:policy/${each.key}"
}

resource "aws_eks_node_group" "this" {
  for_each        = var.nodes
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = each.key
  node_role_arn   = aws_iam_role.node.arn
  subnet_ids      = var.subnet_ids
  instance_types  = [each.value.instance_type]
  labels          = { "veza.example/nodes" = each.key }

  scaling_config {
    min_size     = each.value.min
    max_size     = each.value.max
    desired_size = each.value.min
  }

  update_config {
    max_unavailable = 1
  }

  lifecycle {
    # The cluster's autoscaler changes it.
    ignore_changes = [scaling_config[0].desired_size]
  }

  depends_on = [aws_iam_role_policy_attachment.node]
}

resource "aws_eks_addon" "this" {
  for_each     = toset(["vpc-cni", "kube-proxy", "coredns", "eks-pod-identity-agent", "metrics-server", "aws-ebs-csi-driver"])
  cluster_name = aws_eks_cluster.this.name
  addon_name   = each.key
  # The CNI enforces NetworkPolicies only when asked to.
  configuration_values = each.key == "vpc-cni" ? jsonencode({ enableNetworkPolicy = "true" }) : null
  depends_on           = [aws_eks_node_group.this]
}

resource "aws_eks_access_entry" "deployer" {
  cluster_name      = aws_eks_cluster.this.name
  principal_arn     = var.deployer_role_arn
  kubernetes_groups = ["veza-deployers"]
}

output "cluster_name" {
  description = "For `aws eks update-kubeconfig --name`."
  value       = aws_eks_cluster.this.name
}
