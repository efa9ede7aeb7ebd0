namespace Veza.Api.Http;

/// <summary>Marks an endpoint that monitors the process: probes and metrics.</summary>
public sealed record WatchesProcess;
