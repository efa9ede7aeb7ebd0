using System.Globalization;
using System.Text;
using FluentValidation;

namespace Veza.Commands.Dispatching;

/// <summary>Validation rules for texts that people write.</summary>
public static class TextRules
{
    /// <summary>The longest emoji in use, a family of four with skin tones, has 41 bytes.</summary>
    private const int EmojiBytesMax = 64;

    /// <summary>
    /// Not blank, at most <paramref name="bytesMax"/> bytes of UTF-8, and storable: PostgreSQL's JSON has no U+0000.
    /// </summary>
    /// <param name="limit">The limit's name in the settings or the documentation.</param>
    public static IRuleBuilderOptions<T, string> MustBeText<T>(
        this IRuleBuilder<T, string> rule,
        int bytesMax,
        string limit
    ) =>
        rule.Must(text => !string.IsNullOrWhiteSpace(text))
            .WithMessage("{PropertyName} is empty")
            .Must(IsStorable)
            .WithMessage(Unstorable)
            .Must(
                (_, text, context) =>
                {
                    var bytes = Encoding.UTF8.GetByteCount(text ?? "");
                    // Formatting costs more than all other rules together, so only a refusal pays for it.
                    if (bytes <= bytesMax)
                        return true;
                    context
                        .MessageFormatter.AppendArgument("Bytes", Grouped(bytes))
                        .AppendArgument("Max", Grouped(bytesMax))
                        .AppendArgument("Limit", limit);
                    return false;
                }
            )
            .WithMessage("{PropertyName} is {Bytes} bytes; {Limit} is {Max}");

    /// <summary>One line of 1 to <paramref name="max"/> characters, for names and titles.</summary>
    public static IRuleBuilderOptions<T, string> MustBeLine<T>(this IRuleBuilder<T, string> rule, int max) =>
        rule.Must(text => !string.IsNullOrWhiteSpace(text))
            .WithMessage("{PropertyName} is empty")
            .Must(HoldsNoControls)
            .WithMessage(Controls)
            .Must(
                (_, text, context) =>
                {
                    var length = new StringInfo(text ?? "").LengthInTextElements;
                    context.MessageFormatter.AppendArgument("Length", length).AppendArgument("Max", max);
                    // A text element may be many code points, so a second bound limits those.
                    return length <= max && (text?.Length ?? 0) <= max * 8;
                }
            )
            .WithMessage("{PropertyName} has {Length} characters; at most {Max} are allowed");

    public static IRuleBuilderOptions<T, string?> MustHoldNoControls<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(HoldsNoControls).WithMessage(Controls);

    public static IRuleBuilderOptions<T, string?> MustBeStorable<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(IsStorable).WithMessage(Unstorable);

    public static IRuleBuilderOptions<T, string> MustBeOneEmoji<T>(this IRuleBuilder<T, string> rule) =>
        rule.Must(IsOneEmoji).WithMessage("{PropertyName} is not one emoji: \"{PropertyValue}\"");

    private const string Controls = "{PropertyName} holds control characters";
    private const string Unstorable = "{PropertyName} holds the character U+0000";

    private static bool HoldsNoControls(string? text) => text is null || !text.Any(char.IsControl);

    private static bool IsStorable(string? text) => text is null || !text.Contains('\0');

    private static bool IsOneEmoji(string? text) =>
        !string.IsNullOrEmpty(text)
        && Encoding.UTF8.GetByteCount(text) <= EmojiBytesMax
        && StringInfo.GetNextTextElementLength(text) == text.Length
        && (IsPictograph(Rune.GetRuneAt(text, 0).Value) || text.EndsWith('\u20E3'));

    private static bool IsPictograph(int codePoint) =>
        codePoint
            is >= 0x1F000
                and <= 0x1FAFF
                or >= 0x2190
                and <= 0x21FF
                or >= 0x2300
                and <= 0x23FF
                or >= 0x2460
                and <= 0x27BF
                or >= 0x2900
                and <= 0x2BFF
                or 0xA9
                or 0xAE
                or 0x203C
                or 0x2049
                or 0x2122
                or 0x2139
                or 0x3030
                or 0x303D
                or 0x3297
                or 0x3299;

    private static string Grouped(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
