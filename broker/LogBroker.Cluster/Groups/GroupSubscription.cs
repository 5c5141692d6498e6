using System.Text.RegularExpressions;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// What members ask for: names, and names that match a regular expression. Members who ask for the same share one object, so that
/// much that would cost a walk over members costs one over these. Owned by one group.
/// </summary>
internal sealed class GroupSubscription
{
    private readonly IReadOnlyList<string> _names;
    private readonly Regex? _regex;
    private GroupTopics? _resolvedIn;

    public GroupSubscription(IReadOnlyList<string> names, string pattern, Regex? regex)
    {
        _names = names;
        _regex = regex;
        Pattern = pattern;
        Key = KeyOf(names, pattern);
    }

    /// <summary>Equal for those that ask for the same.</summary>
    public string Key { get; }

    /// <summary>The regular expression, or "".</summary>
    public string Pattern { get; }

    /// <summary>Members who ask for this.</summary>
    public int MembersCount { get; set; }

    /// <summary>The topics as of the last <see cref="Resolve"/>, in order of name.</summary>
    public IReadOnlyList<GroupTopic> Topics { get; private set; } = [];

    public static string KeyOf(IReadOnlyList<string> names, string pattern) => string.Join('\n', names) + '\0' + pattern;

    /// <summary>
    /// Compiles an expression that matches whole names: without backtracking, so that the time is linear in the name whatever it is.
    /// </summary>
    /// <returns>The expression, or <see cref="ErrorCode.InvalidSubscription"/> with what is wrong.</returns>
    public static Result<Regex> Compile(string pattern)
    {
        int bytesCount = System.Text.Encoding.UTF8.GetByteCount(pattern);
        if (bytesCount > GroupLimits.RegexBytesMax)
        {
            return Invalid(pattern, $"is too long: {bytesCount} > {GroupLimits.RegexBytesMax} bytes");
        }

        if (RepeatsOf(pattern) is var repeats and > GroupLimits.RegexRepeatsMax)
        {
            return Invalid(pattern, $"repeats {repeats} times; the counts in braces may multiply to {GroupLimits.RegexRepeatsMax}");
        }

        try
        {
            const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;
            _ = new Regex(pattern, Options); // alone first: "a)|(b" is an expression only between the parentheses below
            return new Regex($@"\A(?:{pattern})\z", Options);
        }
        catch (NotSupportedException e)
        {
            return Invalid(pattern, "is not allowed: " + e.Message);
        }
        catch (ArgumentException e)
        {
            return Invalid(pattern, "does not parse: " + e.Message);
        }
    }

    /// <summary>Looks the topics up; does nothing when it has done so in this view. Internal topics are only found by name.</summary>
    public void Resolve(GroupTopics topics)
    {
        if (ReferenceEquals(_resolvedIn, topics))
        {
            return;
        }

        _resolvedIn = topics;
        IEnumerable<GroupTopic> named = _names.Select(topics.Find).OfType<GroupTopic>();
        Topics = _regex is null
            ? [.. named]
            : [.. named
                .Concat(topics.All.Where(t => !TopicName.IsInternal(t.Name) && _regex.IsMatch(t.Name)))
                .DistinctBy(t => t.Id)
                .OrderBy(t => t.Name, StringComparer.Ordinal)];
    }

    /// <summary>True when the topic is among those asked for, whether it exists or not.</summary>
    public bool Wants(string topic) =>
        _names.Contains(topic, StringComparer.Ordinal)
        || (_regex is not null && !TopicName.IsInternal(topic) && _regex.IsMatch(topic));

    private static BrokerError Invalid(string pattern, string problem) =>
        new(ErrorCode.InvalidSubscription, $"topic_regex {ShownValue.Of(pattern)} {problem}")
        {
            Metadata = new Dictionary<string, string> { ["field"] = "topic_regex", ["value"] = ShownValue.Of(pattern) },
        };

    /// <summary>
    /// The product of the largest numbers of all {n}, {n,} and {n,m}: an upper bound of how much they multiply what they stand behind.
    /// </summary>
    private static long RepeatsOf(string pattern)
    {
        long product = 1;
        for (int open = pattern.IndexOf('{', StringComparison.Ordinal); open >= 0; open = pattern.IndexOf('{', open + 1))
        {
            int close = pattern.IndexOf('}', open);
            string[] numbers = close < 0 ? [] : pattern[(open + 1)..close].Split(',');
            long largest = 1;
            foreach (string number in numbers)
            {
                bool isNumber = long.TryParse(
                    number, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long count);
                largest = isNumber ? Math.Max(largest, count) : largest;
            }

            product = Math.Min(product * Math.Min(largest, int.MaxValue), int.MaxValue);
        }

        return product;
    }
}
