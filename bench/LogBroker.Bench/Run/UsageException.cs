namespace LogBroker.Bench.Run;

/// <summary>The command line asks for something that cannot be; the message names the option, the value and what is allowed.</summary>
internal sealed class UsageException(string message) : Exception(message);
