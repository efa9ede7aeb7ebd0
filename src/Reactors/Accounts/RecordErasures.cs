using Veza.Domain.Accounts;
using Veza.Media;
using Veza.Reactors.Running;

namespace Veza.Reactors.Accounts;

/// <summary>
/// Records every erasure beside the media, which a restore of the database does not set back.
/// </summary>
/// <remarks>
/// The request itself records it before it answers; this repeats it after a fault of the storage or of the process.
/// See docs/decisions/0081-erasures-are-recorded-beside-the-media.md.
/// </remarks>
[Reactor("accounts.record_erasures.v1")]
public sealed class RecordErasures(MediaStore media)
{
    public Task HandleAsync(Appended<AccountErased> appended, AppendedEvent<AccountErased> e, CancellationToken ct) =>
        media.RecordErasureAsync(e.Data.AccountId, ct);
}
