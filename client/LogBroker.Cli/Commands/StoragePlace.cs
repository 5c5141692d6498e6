using System.CommandLine;
using System.Globalization;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cli;

/// <summary>A partition on disk, by the names of its directories.</summary>
/// <param name="Topic">Its topic, as far as the directory's name has it.</param>
/// <param name="Partition">Its number, -1 if the directory has another name.</param>
/// <param name="Directory">The directory.</param>
internal sealed record StoragePlace(string Topic, int Partition, string Directory)
{
    /// <summary>The argument that says where to look.</summary>
    public static Argument<string> Argument(string description) => new("dir") { HelpName = "DIR", Description = description };

    /// <summary>The partition of a directory <c>topics/NAME~ID/PARTITION</c>.</summary>
    public static StoragePlace Of(string directory)
    {
        string full = Path.GetFullPath(directory);
        string topic = Path.GetFileName(Path.GetDirectoryName(full) ?? "");
        int tilde = topic.LastIndexOf('~');
        bool isNumber = int.TryParse(Path.GetFileName(full), NumberStyles.None, CultureInfo.InvariantCulture, out int partition);
        return new StoragePlace(tilde > 0 ? topic[..tilde] : topic, isNumber ? partition : -1, directory);
    }
}

/// <summary>The options that pick partitions out of a data directory.</summary>
internal sealed class StorageFilter
{
    /// <summary>One topic.</summary>
    public Option<string?> Topic { get; } = Options.Text("--topic", "-t", "TOPIC", "Only this topic.");

    /// <summary>Some partitions.</summary>
    public Option<string[]> Partitions { get; } = Options.Many("--partition", "-p", "N", "Only these partitions: 0, 0,2 or 0-5.");

    /// <summary>The broker's own topics too.</summary>
    public Option<bool> Internal { get; } = Options.Switch("--internal", null, "The broker's own topics too; their names begin with __.");

    /// <summary>True when the command is about everything.</summary>
    public bool DefaultsToInternal { get; init; }

    /// <summary>The partitions under a path.</summary>
    /// <exception cref="CliException">There is nothing, or nothing that was asked for.</exception>
    public StoragePlace[] Find(CommandContext context, string path)
    {
        if (!System.IO.Directory.Exists(path))
        {
            throw new CliException(ExitCode.NotFound, $"there is no directory {path}");
        }

        string directory = path.Length > 1 ? path.TrimEnd('/') : path;
        StoragePlace[] all = [.. LogVerifier.PartitionsUnder(new OsDisk(), directory).Select(StoragePlace.Of)];
        if (all.Length == 0)
        {
            throw new CliException(
                ExitCode.NotFound,
                $"there are no segments under {path}",
                "give a data directory, a topic's directory or a partition's directory");
        }

        string? topic = context.Arguments.GetValue(Topic);
        int[]? partitions = ConsumePlan.ParsePartitions(context.Arguments.GetRequiredValue(Partitions));
        bool withInternal = DefaultsToInternal || topic is not null || all.Length == 1 || context.Arguments.GetValue(Internal);
        StoragePlace[] found =
        [
            .. all.Where(p => topic is null || p.Topic == topic)
                .Where(p => partitions is null || partitions.Contains(p.Partition))
                .Where(p => withInternal || !p.Topic.StartsWith("__", StringComparison.Ordinal))
                .OrderBy(p => p.Topic, StringComparer.Ordinal)
                .ThenBy(p => p.Partition),
        ];
        if (found.Length == 0 && (topic is not null || partitions is not null))
        {
            string? near = topic is null ? null : Suggestions.Nearest(topic, all.Select(p => p.Topic).Distinct());
            throw new CliException(
                ExitCode.NotFound,
                $"there is no such partition under {path}",
                near is null || near == topic ? null : $"did you mean '{near}'?");
        }

        return found;
    }
}
