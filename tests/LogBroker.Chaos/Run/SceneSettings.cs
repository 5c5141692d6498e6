namespace LogBroker.Chaos;

/// <summary>What a scene is made of.</summary>
internal sealed record SceneSettings
{
    /// <summary>How the nodes are joined; owned by the scene. Null: directly, and nothing can be cut.</summary>
    public NodeNetwork? Network { get; init; }

    /// <summary>True keeps data on loop images, whose power can be cut; needs root.</summary>
    public bool HasImages { get; init; }

    /// <summary>True lets syncs of nodes be made slow; needs a C compiler.</summary>
    public bool HasSlowDisk { get; init; }

    public int Partitions { get; init; } = 3;

    /// <summary>Small, so that faults meet rolls.</summary>
    public int SegmentBytes { get; init; } = 256 * 1024;

    public IReadOnlyList<WriterSettings> Writers { get; init; } =
    [
        new(1, true, TimeSpan.FromSeconds(30), 150),
        new(2, true, TimeSpan.FromSeconds(2), 100),
        new(3, false, TimeSpan.FromSeconds(3), 80),
    ];

    public int Readers { get; init; } = 2;

    /// <summary>Where logs and, without images, data lie; null for a new temporary one that is removed when all went well.</summary>
    public string? Directory { get; init; }
}
