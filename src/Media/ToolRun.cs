namespace Veza.Media;

internal enum ToolEnd
{
    Exited,
    TimedOut,
    TooMuchOutput,
    OverLimit,
}

/// <param name="Limit">The limit that ended it, in words for the person who sent the file; null when none did.</param>
internal sealed record ToolRun(ToolEnd End, int ExitCode, string Output, string Errors, string? Limit = null)
{
    public bool Succeeded => End == ToolEnd.Exited && ExitCode == 0;

    /// <summary>The tool's first error, cleaned for an answer: later errors are usually its consequences.</summary>
    public string FirstError => ToolText.ForAnswer(Errors.AsSpan().Trim().ToString().Split('\n')[0]);
}
