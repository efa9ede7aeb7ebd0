namespace Veza.Media.Waveforms;

/// <summary>The result of drawing a sound: <see cref="WaveformsMade"/> or <see cref="WaveformsFailed"/>.</summary>
public abstract record WaveformResult;

public sealed record WaveformsMade(Peaks Overview, Peaks Fine) : WaveformResult;

/// <param name="Code">One of <see cref="TranscodeCodes"/>.</param>
public sealed record WaveformsFailed(string Code, string Detail) : WaveformResult;
