/**
 * What is changed in the sources of the binding of `@tensorflow/tfjs-node-gpu` before it is compiled:
 * threads of its own for each context, and two kinds of attributes that the package never sets.
 */

/** Environment: threads of one operation, for contexts that are made from then on; 0 or absent: TensorFlow's choice. */
export const THREADS_VARIABLE = "BROWNOUT_TENSORFLOW_THREADS";

interface Change {
  readonly from: string;
  readonly to: string;
}

/** Reads a list from JavaScript into `values`. */
const list = (type: string, read: string) => `
        uint32_t count;
        nstatus = napi_get_array_length(env, js_value, &count);
        ENSURE_NAPI_OK(env, nstatus);
        std::vector<${type}> values(count);
        for (uint32_t i = 0; i < count; ++i) {
          napi_value element;
          nstatus = napi_get_element(env, js_value, i, &element);
          ENSURE_NAPI_OK(env, nstatus);
          ${read}
          ENSURE_NAPI_OK(env, nstatus);
        }`;

const CHANGES: readonly Change[] = [
  // Search trains in several threads, each with its own backend: they must not share this set.
  {
    from: "static std::set<std::string> ATTR_NAME_SET;",
    to: "static thread_local std::set<std::string> ATTR_NAME_SET;",
  },
  // The bytes are a ConfigProto: field 2, intra_op_parallelism_threads, and field 5, inter_op's.
  {
    from: "TFE_ContextOptions *tfe_options = TFE_NewContextOptions();",
    to: `TFE_ContextOptions *tfe_options = TFE_NewContextOptions();
  const char *threads = getenv("${THREADS_VARIABLE}");
  const int count = threads == nullptr ? 0 : atoi(threads);
  if (count > 0 && count < 128) {
    const unsigned char config[] = {0x10, static_cast<unsigned char>(count), 0x28, 1};
    TFE_ContextOptionsSetConfig(tfe_options, config, sizeof(config), tf_status.status);
    ENSURE_TF_OK(env, tf_status);
  }`,
  },
  {
    from: `      std::string str_value;
      nstatus = GetStringParam(env, js_value, str_value);`,
    to: `      if (IsArray(env, nstatus, &js_value)) {
        ${list("std::string", "nstatus = GetStringParam(env, element, values[i]);")}
        std::vector<const void *> starts(count);
        std::vector<size_t> lengths(count);
        for (uint32_t i = 0; i < count; ++i) {
          starts[i] = values[i].data();
          lengths[i] = values[i].size();
        }
        TFE_OpSetAttrStringList(tfe_op, attr_name, starts.data(), lengths.data(),
                                static_cast<int>(count));
        break;
      }
      std::string str_value;
      nstatus = GetStringParam(env, js_value, str_value);`,
  },
  {
    from: "      TF_DataType tf_data_type;\n      nstatus = napi_get_value_int32(",
    to: `      if (IsArray(env, nstatus, &js_value)) {
        ${
      list(
        "TF_DataType",
        "nstatus = napi_get_value_int32(env, element, reinterpret_cast<int32_t *>(&values[i]));",
      )
    }
        TFE_OpSetAttrTypeList(tfe_op, attr_name, values.data(), static_cast<int>(count));
        break;
      }
      TF_DataType tf_data_type;
      nstatus = napi_get_value_int32(`,
  },
];

/** Of all changes, for a digest. */
export const BINDING_CHANGES = JSON.stringify(CHANGES);

/**
 * A source of the binding, changed.
 * @throws RangeError where the file that holds the constructor lacks what is to be changed
 */
export function changedBinding(name: string, text: string): string {
  if (name !== "tfjs_backend.cc") return text;
  return CHANGES.reduce((source, { from, to }) => {
    if (source.split(from).length !== 2) {
      throw new RangeError(`${name} does not hold once what is to be changed: ${from}`);
    }
    return source.replace(from, () => to);
  }, text);
}
