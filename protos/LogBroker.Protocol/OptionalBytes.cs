namespace LogBroker.Protocol;

/// <summary>Bytes that may be absent: a null key or value differs from an empty one. Converts from arrays, memory and spans.</summary>
public readonly ref struct OptionalBytes
{
    private readonly bool _isSome;

    private OptionalBytes(ReadOnlySpan<byte> span)
    {
        Span = span;
        _isSome = true;
    }

    /// <summary>No bytes at all; also the default.</summary>
    public static OptionalBytes Null => default;

    /// <summary>True when there are no bytes at all.</summary>
    public bool IsNull => !_isSome;

    /// <summary>The bytes; empty when null.</summary>
    public ReadOnlySpan<byte> Span { get; }

    /// <summary>What the length field of the format says: -1 for null.</summary>
    public int LengthField => _isSome ? Span.Length : -1;

    /// <summary>Bytes, possibly none, but not null.</summary>
    public static implicit operator OptionalBytes(ReadOnlySpan<byte> bytes) => new(bytes);

    /// <summary>Bytes, possibly none, but not null.</summary>
    public static implicit operator OptionalBytes(ReadOnlyMemory<byte> bytes) => new(bytes.Span);

    /// <summary>Null for null.</summary>
    public static implicit operator OptionalBytes(ReadOnlyMemory<byte>? bytes) => bytes is { } some ? new(some.Span) : default;

    /// <summary>Null for null.</summary>
    public static implicit operator OptionalBytes(byte[]? bytes) => bytes is null ? default : new(bytes);
}
