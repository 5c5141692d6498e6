using System.Text.Json;
using System.Text.Json.Serialization;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Load;

/// <summary>How scenarios and results pass between the harness and its load programs: JSON, results on one line.</summary>
public static class LoadJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>One line.</summary>
    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <summary>Reads a whole text.</summary>
    /// <exception cref="BenchException">It is not what it should be.</exception>
    public static T Read<T>(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(text, Options) ?? throw new BenchException($"null is no {typeof(T).Name}");
        }
        catch (JsonException e)
        {
            throw new BenchException($"not the JSON of a {typeof(T).Name}: {e.Message}", e);
        }
    }

    /// <summary>Reads the last line that is not blank of what a load program printed.</summary>
    /// <exception cref="BenchException">It is not what it should be; the message carries the end of the output.</exception>
    public static T ReadLastLine<T>(string output)
    {
        string last = output.Split('\n').LastOrDefault(l => !string.IsNullOrWhiteSpace(l)) ?? string.Empty;
        try
        {
            return Read<T>(last);
        }
        catch (BenchException e)
        {
            string tail = output.Length <= 2000 ? output : output[^2000..];
            throw new BenchException($"the load program printed no result; it printed: {tail}", e);
        }
    }
}
