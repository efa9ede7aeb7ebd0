using Veza.EventStore.Database;
using Veza.Media;
using Veza.Media.Waveforms;
using Veza.Projections.Music.Tracks;
using Veza.Projections.Social.Comments;
using Veza.Realtime.Engine;

namespace Veza.Api.Music.Tracks;

/// <summary>Registers the media store, the probe, the transcoder and the uploads.</summary>
public static class TrackServices
{
    /// <param name="mediaRoot">MEDIA_ROOT: the folder of the files; with a bucket, only of unfinished ones.</param>
    /// <param name="bucket">Null: the files are stored in the folder.</param>
    /// <param name="uploadBytesMax">MAX_UPLOAD_SIZE.</param>
    /// <param name="storageBytesMax">MAX_STORAGE_PER_ACCOUNT.</param>
    public static void AddTracks(
        this IServiceCollection services,
        string mediaRoot,
        BucketAddress? bucket,
        long uploadBytesMax,
        long storageBytesMax
    )
    {
        if (bucket is null)
            services.AddSingleton<MediaStore>(provider => new FolderStore(
                mediaRoot,
                uploadBytesMax,
                provider.GetRequiredService<TimeProvider>()
            ));
        else
            services
                .AddSingleton(provider => new BucketStore(
                    bucket,
                    mediaRoot,
                    uploadBytesMax,
                    provider.GetRequiredService<TimeProvider>()
                ))
                .AddSingleton<MediaStore>(provider => provider.GetRequiredService<BucketStore>());
        services.AddSingleton(provider => new DiskSpace(mediaRoot, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new AudioProbe(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new Transcoder(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new WaveformMaker(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new TrackUploads(
            provider.GetRequiredService<MediaStore>(),
            provider.GetRequiredService<AudioProbe>(),
            provider.GetRequiredService<OpenSessions>(),
            uploadBytesMax,
            storageBytesMax,
            provider.GetRequiredService<DiskSpace>()
        ));
        services.AddSingleton<TrackQueries>().AddSingleton<CommentQueries>();
        services.AddHostedService<StagingSweep>();
    }
}
