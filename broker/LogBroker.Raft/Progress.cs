using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>
/// What a leader knows of one voter or observer in its epoch; made new at each election (R8). Owned by the <see cref="RaftCore"/>;
/// the driver reads it between two calls.
/// </summary>
public sealed class Progress(NodeId voter)
{
    private const int FormerDirectoriesMax = 64;
    private List<DirectoryId>? _formerDirectories;

    /// <summary>The node.</summary>
    public NodeId Voter => voter;

    /// <summary>False for an observer, which is never counted (R25).</summary>
    public bool IsVoter { get; internal init; } = true;

    /// <summary>The directory id that was heard from it last (R24).</summary>
    public DirectoryId Directory { get; private set; }

    /// <summary>What it says of itself under this directory id (R23).</summary>
    public bool IsReadmitted { get; private set; }

    /// <summary>
    /// Records in front of this offset are held by the voter together with the row of the leader's epoch; null until it is known to
    /// have that row (R11, R12).
    /// </summary>
    public Offset? Counted { get; private set; }

    /// <summary>Its appended position when it last matched (R15 e): the place of what is sent next.</summary>
    public LogPosition Position { get; private set; }

    /// <summary>A fetch that wants items is parked, and none for its position are in flight.</summary>
    public bool WantsItems { get; private set; }

    /// <summary>The high watermark it knows, or will when what is in flight arrives.</summary>
    public Offset ShownHighWatermark { get; private set; }

    /// <summary>The greatest round it has echoed (R22).</summary>
    public long EchoedRound { get; private set; }

    /// <summary>The round it knows, or will when what is in flight arrives.</summary>
    internal long ShownRound { get; private set; }

    /// <summary>It has fetched in this epoch: it knows its leader.</summary>
    internal bool HasFetched { get; private set; }

    /// <summary>Its last fetch, while the leader could not yet judge it.</summary>
    internal FetchRequest? Unjudged { get; set; }

    /// <summary>A fetch that matched waits for something to say.</summary>
    internal bool IsParked { get; private set; }

    /// <summary>Items behind <see cref="Position"/> were sent: whatever else is said at that position would not be taken (R16).</summary>
    internal bool IsInFlight { get; private set; }

    /// <summary>The durable position of its last matching fetch.</summary>
    internal LogPosition Durable { get; private set; }

    /// <summary>The round that all others must have echoed before it is readmitted (R24 a).</summary>
    internal long ReadmissionRound { get; private set; }

    /// <summary>It was told of its readmission since its last fetch.</summary>
    internal bool IsReadmissionShown { get; private set; }

    /// <summary>Raises <see cref="Counted"/>; it never falls within an epoch and a directory id.</summary>
    public void Count(Offset offset)
    {
        if (Counted is not { } counted || counted < offset)
        {
            Counted = offset;
        }
    }

    /// <summary>True when this directory id was given up for another in this epoch (R24).</summary>
    internal bool IsFormer(DirectoryId directory) => _formerDirectories?.Contains(directory) ?? false;

    /// <summary>Takes another directory id; nothing known of the old one holds any more. False beyond a limit.</summary>
    internal bool TryReplaceDirectory(DirectoryId directory)
    {
        if (HasFetched)
        {
            _formerDirectories ??= [];
            if (_formerDirectories.Count == FormerDirectoriesMax)
            {
                return false;
            }

            _formerDirectories.Add(Directory);
        }

        Directory = directory;
        IsReadmitted = false;
        Counted = null;
        EchoedRound = 0;
        ReadmissionRound = 0;
        Unpark();
        return true;
    }

    /// <summary>Only rounds from this one on prove that the others have left what the lost disk knew behind (R24).</summary>
    internal void AwaitReadmission(long round) => ReadmissionRound = round;

    /// <summary>Notes what every fetch of this epoch says, matching or not.</summary>
    internal void Heard(FetchRequest fetch)
    {
        HasFetched = true;
        IsReadmitted |= fetch.IsReadmitted;
        EchoedRound = Math.Max(EchoedRound, fetch.SeenRound);
        IsReadmissionShown = false;
        Unjudged = fetch;
    }

    /// <summary>
    /// Parks a fetch that matched. A mere report at the same position leaves what was asked and what is in flight as they are.
    /// </summary>
    internal void Park(FetchRequest fetch)
    {
        if (fetch.WantsItems || !IsParked || fetch.Appended != Position)
        {
            WantsItems = fetch.WantsItems;
            IsInFlight = false;
            ShownHighWatermark = fetch.HighWatermark;
            ShownRound = fetch.SeenRound;
        }

        IsParked = true;
        Position = fetch.Appended;
        Durable = fetch.Durable;
    }

    /// <summary>Forgets what it asked for and what is in flight.</summary>
    internal void Unpark()
    {
        IsParked = false;
        IsInFlight = false;
        WantsItems = false;
        Unjudged = null;
    }

    /// <summary>Notes what an answer says.</summary>
    internal void Show(bool withItems, Offset highWatermark, long round, bool readmit)
    {
        ShownHighWatermark = highWatermark;
        ShownRound = round;
        IsReadmissionShown |= readmit;
        WantsItems &= !withItems;
        IsInFlight |= withItems;
    }
}
