"""The embedded provider: OpenAI's wire format over the engines.

    run           start, find and stop a server; the process itself
    listening     a server at work in an event loop
    app           routes, and the errors as answers
    gate          what every request passes: host, key, headers
    files uploads jobs models chat    one module per resource

    reading       JSON bodies and queries
    fields        the fields of a JSON object, checked one by one
    forms         multipart bodies, streamed to disk
    wire          values as OpenAI's JSON, and ids

    queue         a job's way, and who is next
    validation    jobs whose files are being validated
    checking      files judged by the rules
    preparing     what passed, written for the engine
    training      a job in the hands of a trainer
    reports       what a trainer reported, put in order
    job_events         the words of events
    results       the results file

    asking        a request for completions, understood
    conversation  its messages, as turns with decoded images
    answering     models in memory, and answers as they are made
    stopping      answers cut at stop sequences
    formats schemas    answers held to JSON
    streaming     answers that take their time

    opening       the folder opened: lock, key, database
    state         the folder and the database, open
    records       what is kept, as values
    storage         files and parts where they lie
    provider      the handles that a request works with
    threads       blocking work

Client and server meet only on the wire: nothing here knows `tintype.api`.
"""
