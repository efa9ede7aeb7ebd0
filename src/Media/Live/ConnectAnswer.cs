namespace Veza.Media.Live;

/// <summary>The result of <see cref="Mount.Connect"/>.</summary>
public enum ConnectAnswer
{
    Connected,
    InUse,
    OtherFormat,
    Ended,
}
