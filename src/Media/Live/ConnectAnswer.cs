namespace Veza.Media.Live;

public enum ConnectAnswer
{
    Connected,
    InUse,
    OtherFormat,
    Ended,
}
