namespace LogBroker.Rpc;

/// <summary>How a call ended: a code and a text for people. Immutable.</summary>
/// <param name="StatusCode">The code that programs act on.</param>
/// <param name="Detail">The text for people; empty for <see cref="Rpc.StatusCode.OK"/>.</param>
public readonly record struct Status(StatusCode StatusCode, string Detail)
{
    /// <summary>Success.</summary>
    public static Status Success => new(StatusCode.OK, "");

    /// <summary>Cancelled without a text.</summary>
    public static Status Cancelled => new(StatusCode.Cancelled, "The call was cancelled.");

    /// <summary>The text for people, never null.</summary>
    public string Detail { get; } = Detail ?? "";

    /// <summary>True for <see cref="Rpc.StatusCode.OK"/>.</summary>
    public bool IsOk => StatusCode == StatusCode.OK;

    /// <inheritdoc/>
    public override string ToString() => $"{StatusCode}: {Detail}";
}
