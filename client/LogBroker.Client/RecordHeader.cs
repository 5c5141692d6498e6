namespace LogBroker.Client;

/// <summary>A header of a record: a name, not null and not necessarily unique, and a value that may be null.</summary>
public readonly record struct RecordHeader(string Key, ReadOnlyMemory<byte>? Value);
