throw new NotSupportedException("veza run starts the host");
