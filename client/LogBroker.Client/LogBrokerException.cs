using System.Collections.Frozen;
using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// A broker refused a request, or could not be asked. <see cref="Reason"/> is for programs, the message for people. A failure that
/// is not an <see cref="OutcomeUnknownException"/> means that nothing was written.
/// </summary>
public class LogBrokerException : Exception
{
    /// <summary>Makes an exception for a reason of the catalogue.</summary>
    public LogBrokerException(ErrorCode reason, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Reason = reason;
        IsRetriable = reason != ErrorCode.None && ErrorCatalogue.Get(reason).IsRetriable;
    }

    /// <summary>
    /// The entry of <see cref="ErrorCatalogue"/>; <see cref="ErrorCode.None"/> when no broker said anything: then it is a
    /// <see cref="ServerUnreachableException"/>, or the client was disposed of.
    /// </summary>
    public ErrorCode Reason { get; }

    /// <summary>True when the same call may succeed later and repeating it can do no harm that the first call could not.</summary>
    public bool IsRetriable { get; protected init; }

    /// <summary>The topic it is about, or null.</summary>
    public string? Topic { get; init; }

    /// <summary>The partition it is about, or null.</summary>
    public int? Partition { get; init; }

    /// <summary>The server that was asked, as <c>host:port</c>, or null.</summary>
    public string? Endpoint { get; init; }

    /// <summary>How often it was tried, at least 1.</summary>
    public int Attempts { get; init; } = 1;

    /// <summary>How long it took, all attempts and waits included.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Numbers and names of the message once more, by the broker; for example <c>logStartOffset</c>.</summary>
    public IReadOnlyDictionary<string, string> Details { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>The wait that the broker asks for before a retry, or null.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>
/// A record was sent and no answer came in time: it may or may not have been written. Sending it again may duplicate it. It is
/// never thrown while the producer can still find out by an idempotent retry.
/// </summary>
public sealed class OutcomeUnknownException : LogBrokerException
{
    /// <summary>Makes an exception.</summary>
    public OutcomeUnknownException(string message, Exception? innerException = null)
        : base(ErrorCode.OutcomeUnknown, message, innerException)
    {
        IsRetriable = false;
    }
}

/// <summary>
/// No server that could do it was to be had in time, and nothing was done. The message says which and why: a refused connection, or, for
/// a record that was never sent, that what is in front of it has no answer.
/// </summary>
public sealed class ServerUnreachableException : LogBrokerException
{
    /// <summary>Makes an exception.</summary>
    public ServerUnreachableException(string message, Exception? innerException = null)
        : base(ErrorCode.None, message, innerException)
    {
        IsRetriable = true;
    }
}
