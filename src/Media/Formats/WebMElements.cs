namespace Veza.Media.Formats;

/// <summary>The ids of the elements that matter in a recording of sound.</summary>
/// <remarks>RFC 9559, section 5.1.</remarks>
internal static class WebMElements
{
    public const uint Ebml = 0x1A45DFA3;
    public const uint DocType = 0x4282;
    public const uint Segment = 0x18538067;
    public const uint Tracks = 0x1654AE6B;
    public const uint TrackEntry = 0xAE;
    public const uint TrackNumber = 0xD7;
    public const uint TrackType = 0x83;
    public const uint CodecId = 0x86;
    public const uint CodecPrivate = 0x63A2;
    public const uint ContentEncodings = 0x6D80;
    public const uint Cluster = 0x1F43B675;
    public const uint SimpleBlock = 0xA3;
    public const uint BlockGroup = 0xA0;
    public const uint Block = 0xA1;
    public const uint EncryptedBlock = 0xAF;

    /// <summary>
    /// Elements whose children are read as if they followed them. No id occurs at two levels, so an unknown size needs
    /// no care, and no nesting is remembered.
    /// </summary>
    public static bool IsOpened(uint id) => id is Ebml or Segment or Tracks or TrackEntry or Cluster or BlockGroup;

    /// <returns>How many bytes the content may have; null for an element that is skipped.</returns>
    public static int? ContentBytesMax(uint id) =>
        id switch
        {
            SimpleBlock or Block => WebMFramer.BlockBytesMax,
            DocType or CodecId or CodecPrivate => WebMFramer.DescriptionBytesMax,
            TrackNumber or TrackType => sizeof(long),
            _ => null,
        };
}
