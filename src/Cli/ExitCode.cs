namespace Veza.Cli;

/// <summary>What subcommands end with beside 0; <c>veza diff</c> has more, as diff has.</summary>
internal static class ExitCode
{
    public const int Failed = 1;
}
