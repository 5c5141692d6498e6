using System.Text;
using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>Range checks of options: the message names the option, the value and the range.</summary>
internal static class Check
{
    public static void Range<T>(T value, T min, T max, string option)
        where T : IComparable<T>
    {
        if (value.CompareTo(min) < 0 || value.CompareTo(max) > 0)
        {
            throw new ArgumentOutOfRangeException(option, $"{option} is {value}; it must be from {min} to {max}");
        }
    }

    public static void Text(string value, int bytesMin, int bytesMax, string option)
    {
        ArgumentNullException.ThrowIfNull(value, option);
        int bytes = Encoding.UTF8.GetByteCount(value);
        if (bytes < bytesMin || bytes > bytesMax)
        {
            throw new ArgumentException(
                $"{option} {ShownValue.Of(value)} has {bytes} bytes; it must have from {bytesMin} to {bytesMax}", option);
        }
    }

    public static void Topic(string topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        if (TopicName.Check(topic) is { } error)
        {
            throw new LogBrokerException(error.Code, error.Message) { Topic = topic, Details = error.Metadata };
        }
    }

    /// <summary>A group id: 1 to 249 bytes without control characters.</summary>
    public static void Group(string group)
    {
        ArgumentNullException.ThrowIfNull(group);
        Text(group, 1, 249, "group");
        foreach (char c in group)
        {
            if (char.IsControl(c))
            {
                throw new ArgumentException($"group {ShownValue.Of(group)} has a control character", nameof(group));
            }
        }
    }
}
