namespace LogBroker.Protocol;

/// <summary>The rules of topic names: <c>[a-zA-Z0-9._-]{1,249}</c>, not "." or ".."; names that begin with "__" are internal.</summary>
public static class TopicName
{
    /// <summary>Begins every name that clients may not create, write or change.</summary>
    public const string InternalPrefix = "__";

    /// <summary>True for names that belong to the broker itself.</summary>
    public static bool IsInternal(string name) => name.StartsWith(InternalPrefix, StringComparison.Ordinal);

    /// <summary>Null when the name is well-formed, else the error that says what is wrong and where.</summary>
    public static BrokerError? Check(string name)
    {
        if (name.Length == 0)
        {
            return Invalid("topic name is empty", name);
        }

        if (name.Length > Limits.TopicNameCharsMax)
        {
            return Invalid($"topic name {ShownValue.Of(name)} is too long: {name.Length} > {Limits.TopicNameCharsMax} characters", name);
        }

        if (name is "." or "..")
        {
            return Invalid("topic name: '.' and '..' are not allowed", name);
        }

        for (int i = 0; i < name.Length; i++)
        {
            char c = name[i];
            if (!(char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
            {
                return Invalid(
                    $"topic name {ShownValue.Of(name)} has {ShownValue.Of(c.ToString())} at position {i}; "
                    + "allowed are a-z, A-Z, 0-9, '.', '_' and '-'",
                    name);
            }
        }

        return null;
    }

    private static BrokerError Invalid(string message, string name) =>
        new(ErrorCode.InvalidTopic, message) { Metadata = new Dictionary<string, string> { ["topic"] = ShownValue.Of(name) } };
}
