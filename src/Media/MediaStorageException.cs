namespace Veza.Media;

/// <summary>A fault of the disk or the object storage, such as a full disk. It is never the uploader's fault.</summary>
public sealed class MediaStorageException(IOException fault) : IOException(fault.Message, fault);
