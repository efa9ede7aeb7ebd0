namespace Veza.Media;

/// <summary>
/// The address of a bucket and its keys, which must be able to get, put, delete and list its objects.
/// </summary>
/// <param name="ForcePathStyle">The bucket's name is in the path of its addresses instead of the host name.</param>
public sealed record BucketAddress(
    Uri Endpoint,
    string Name,
    string Region,
    string AccessKey,
    string SecretKey,
    bool ForcePathStyle
)
{
    // A record prints its members, and some of these are secrets.
    public override string ToString() => $"{Name} at {Endpoint}";
}
