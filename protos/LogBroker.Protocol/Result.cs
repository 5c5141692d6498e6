using System.Diagnostics.CodeAnalysis;

namespace LogBroker.Protocol;

/// <summary>An expected failure: what callers can meet and handle. Immutable.</summary>
/// <param name="Code">The entry of <see cref="ErrorCatalogue"/>.</param>
/// <param name="Message">One sentence that names the field, the value (cut to 64 escaped characters) and the limit.</param>
public sealed record BrokerError(ErrorCode Code, string Message)
{
    /// <summary>Every dynamic part of the message once more, for programs; keys in lower camel case.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = EmptyMetadata;

    private static readonly IReadOnlyDictionary<string, string> EmptyMetadata = new Dictionary<string, string>();

    /// <inheritdoc/>
    public override string ToString() => $"{Code}: {Message}";
}

/// <summary>A value or a <see cref="BrokerError"/>: how failures are returned where exceptions would be too slow or too vague.</summary>
public readonly struct Result<T>
{
    private readonly T? _value;

    private Result(T? value, BrokerError? error)
    {
        _value = value;
        Error = error;
    }

    /// <summary>The failure, or null.</summary>
    public BrokerError? Error { get; }

    /// <summary>True when there is a value.</summary>
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => Error is null;

    /// <summary>The value; asking for it on a failure is a bug.</summary>
    public T Value
    {
        get
        {
            Invariant.Require(Error is null);
            return _value!;
        }
    }

    /// <summary>Wraps a value.</summary>
    public static implicit operator Result<T>(T value) => new(value, null);

    /// <summary>Wraps a failure.</summary>
    public static implicit operator Result<T>(BrokerError error) => new(default, error);
}
