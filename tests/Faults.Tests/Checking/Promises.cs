namespace Veza.Faults.Tests.Checking;

/// <summary>The log's promises, as violations name them.</summary>
public static class Promises
{
    public const string AcknowledgedSurvives = "what was acknowledged survives";
    public const string RefusedNeverAppears = "what was refused never appears";
    public const string AtMostOnce = "a command appears at most once, and only if a caller sent it";
    public const string Dense = "positions are 1..head in every snapshot";
    public const string NeverChanges = "what was seen never changes";
    public const string ExpectedVersion = "an expected version is enforced exactly";
    public const string RealTimeOrder = "answered before asked is lower in the log";
    public const string Atomic = "a command is atomic and contiguous";
    public const string Repeats = "a repeated command id has one effect and equal answers";
    public const string Names = "a name has one owner at every position";
    public const string DurableBeforeSeen = "nothing reaches a subscriber before it is durable";
    public const string TimeNeverGoesBack = "times never go back along the log";
    public const string Progress = "callers append again within 10 s after a fault, without a restart";
}
