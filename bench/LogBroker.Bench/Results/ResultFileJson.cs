using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Results;

/// <summary>
/// Reads and writes result files: camelCase, indented, enums by name, no nulls; curves and series stand on one line each, so that a
/// diff of two files can be read.
/// </summary>
public static class ResultFileJson
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        NewLine = "\n",
        IgnoreReadOnlyProperties = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters =
        {
            new JsonStringEnumConverter(),
            new RowsConverter<CurvePoint>(p => [p.Percentile, p.Microseconds], r => new CurvePoint(r[0], r[1])),
            new RowsConverter<SecondPoint>(p => [p.Second, p.P50, p.P99, p.Max], r => new SecondPoint((int)r[0], r[1], r[2], r[3])),
            new SeriesConverter(),
        },
    };

    /// <summary>The text of a result file, with a line feed at its end.</summary>
    public static string Serialize(ResultFile result) => JsonSerializer.Serialize(result, Options) + "\n";

    /// <summary>Reads the text of a result file.</summary>
    /// <param name="json">The text.</param>
    /// <param name="name">What messages call the file.</param>
    /// <exception cref="BenchException">It is no result file, or of a format that this program does not know.</exception>
    public static ResultFile Parse(string json, string name)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("format", out JsonElement format) || !format.TryGetInt32(out int number))
            {
                throw new BenchException($"{name}: no result file: there is no number 'format' in it");
            }

            return number != ResultFile.CurrentFormat
                ? throw new BenchException($"{name}: format {number} is unknown, this program reads format {ResultFile.CurrentFormat}")
                : document.Deserialize<ResultFile>(Options) ?? throw new BenchException($"{name}: no result file");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new BenchException($"{name}: no result file: {e.Message}", e);
        }
    }

    /// <summary>Reads a result file.</summary>
    /// <exception cref="BenchException">It cannot be read, or see <see cref="Parse"/>.</exception>
    public static ResultFile Read(string file)
    {
        try
        {
            return Parse(File.ReadAllText(file), file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BenchException($"{file}: {e.Message}", e);
        }
    }

    /// <summary>Writes a result file; a reader sees the old one or the new one, also when this process dies.</summary>
    public static void Write(string file, ResultFile result)
    {
        string written = file + ".new";
        File.WriteAllText(written, Serialize(result));
        File.Move(written, file, overwrite: true);
    }

    /// <summary>A list of points as <c>[[1,2],[3,4]]</c> on one line.</summary>
    private sealed class RowsConverter<T>(Func<T, double[]> toRow, Func<double[], T> fromRow) : JsonConverter<IReadOnlyList<T>>
    {
        public override IReadOnlyList<T> Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        {
            double[][] rows = JsonSerializer.Deserialize<double[][]>(ref reader, Plain) ?? [];
            int width = typeof(T) == typeof(CurvePoint) ? 2 : 4;
            return rows.All(r => r.Length == width)
                ? [.. rows.Select(fromRow)]
                : throw new JsonException($"a point of a {typeof(T).Name} series has not {width} numbers");
        }

        public override void Write(Utf8JsonWriter writer, IReadOnlyList<T> value, JsonSerializerOptions options) =>
            writer.WriteRawValue(JsonSerializer.Serialize(value.Select(toRow), Plain));
    }

    /// <summary>Whole numbers on one line.</summary>
    private sealed class SeriesConverter : JsonConverter<IReadOnlyList<long>>
    {
        public override IReadOnlyList<long> Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            JsonSerializer.Deserialize<long[]>(ref reader, Plain) ?? [];

        public override void Write(Utf8JsonWriter writer, IReadOnlyList<long> value, JsonSerializerOptions options) =>
            writer.WriteRawValue(JsonSerializer.Serialize(value, Plain));
    }
}
