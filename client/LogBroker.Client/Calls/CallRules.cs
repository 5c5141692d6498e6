namespace LogBroker.Client;

/// <summary>How a call to any server is made.</summary>
/// <param name="Topic">What it is about, for the exception; or null.</param>
/// <param name="IsRepeatable">True when repeating a request whose answer was lost is harmless.</param>
/// <param name="NeedsController">True when the controller alone does it: others name it, and are followed.</param>
/// <param name="IsElsewhere">True to begin with another server than the last time.</param>
/// <param name="AttemptTimeout">
/// How long one server may take at first while there are others to ask, for calls that are repeatable; twice as long in each further
/// round. Null for the whole time of the call.
/// </param>
internal readonly record struct CallRules(
    string? Topic, bool IsRepeatable, bool NeedsController = false, bool IsElsewhere = false, TimeSpan? AttemptTimeout = null)
{
    /// <summary>For questions that are answered from memory.</summary>
    public static readonly TimeSpan QuestionTimeout = TimeSpan.FromSeconds(2);

    /// <summary>For what takes a flush, or a walk over cold files.</summary>
    public static readonly TimeSpan WorkTimeout = TimeSpan.FromSeconds(5);

    /// <summary>The time of an attempt, from 1: a server that is only slow is not given up for ever.</summary>
    public static TimeSpan Growing(TimeSpan first, int attempt) => first * (1 << Math.Min(attempt - 1, 10));
}
